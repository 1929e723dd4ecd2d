import { once } from 'node:events';
import { describeError } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import { leaveTerminationMessage } from './termination-message.ts';

/** A part of a process that must be ended in order. */
interface Part {
  name: string;
  stop(): Promise<void>;
}

/** What a starting process needs to keep: parts are stopped in the reverse of the order they were added. */
export interface Lifetime {
  /** Aborts when the process was asked to stop. */
  readonly signal: AbortSignal;
  add(part: Part): void;
  /** A part that ends by itself takes the process with it: whoever supervises the process starts it anew. */
  endWith(failure: Promise<Error>): void;
}

/** How long all parts together may take to stop before the process leaves anyway, in milliseconds. */
const STOP_DEADLINE_MS = 20_000;

/**
 * Runs `start`, then waits for SIGTERM or SIGINT and stops every part. A second signal leaves at once, as
 * kube-apiserver does. Resolves with the exit code: 0 after a clean stop, 1 when starting or stopping failed or a
 * part ended by itself.
 */
export async function runUntilSignal(
  logger: Logger,
  start: (lifetime: Lifetime) => Promise<void>,
): Promise<number> {
  const parts: Part[] = [];
  const asked = new AbortController();
  const onSignal = (): void => {
    if (asked.signal.aborted) process.exit(130);
    asked.abort(new Error('asked to stop'));
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  let broken: Error | undefined;
  const lifetime: Lifetime = {
    signal: asked.signal,
    add: (part) => void parts.push(part),
    endWith: (failure) =>
      void failure.then((error) => {
        broken = error;
        asked.abort(error);
      }),
  };
  // A part that waits for a server may have only unreferenced handles: the process must not end for want of any.
  const keepAlive = setInterval(() => undefined, 2 ** 30);
  let failed = false;
  try {
    await start(lifetime);
    if (!asked.signal.aborted) await once(asked.signal, 'abort');
  } catch (error) {
    failed = !asked.signal.aborted;
    if (failed) await tell(error);
  }
  if (broken !== undefined) await tell(broken);
  const stopped = await stopAll(parts, logger);
  clearInterval(keepAlive);
  process.off('SIGTERM', onSignal);
  process.off('SIGINT', onSignal);
  return failed || broken !== undefined || !stopped ? 1 : 0;
}

/** Says why the process ends, to people and to what supervises it. */
async function tell(error: unknown): Promise<void> {
  const text = `troupe: ${describeError(error)}\n`;
  process.stderr.write(text);
  await leaveTerminationMessage(text);
}

async function stopAll(parts: Part[], logger: Logger): Promise<boolean> {
  const deadline = setTimeout(() => {
    logger.error('parts did not stop in time', { deadlineMs: STOP_DEADLINE_MS });
    process.exit(1);
  }, STOP_DEADLINE_MS);
  let clean = true;
  for (const part of parts.toReversed()) {
    try {
      await part.stop();
    } catch (error) {
      clean = false;
      logger.error('a part did not stop cleanly', { part: part.name, error });
    }
  }
  clearTimeout(deadline);
  return clean;
}
