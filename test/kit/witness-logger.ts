import type { Logger } from '#api/machinery/logger';
import { evidence } from './evidence.ts';
import { recordingLogger } from './recording-logger.ts';

const KEPT_LINES = 100;

/** A logger whose last lines are shown when a test fails, until it is disposed of. */
export function witnessLogger(name: string): Disposable & Logger {
  const { lines, ...logger } = recordingLogger(KEPT_LINES);
  const heard = evidence(name, () => lines.join('\n'));
  return { ...logger, [Symbol.dispose]: () => heard[Symbol.dispose]() };
}
