import { RUN_LIMITS } from '#executor-manager/protocol/run';
import { parseJson } from '#model-protocols/json-value';
import { RunFailure } from '../../run-failure.ts';
import { MOST_LEVELS, isShallow } from '../../text/json-depth.ts';

/** The value that a text is as a whole; undefined for one that is not JSON, or too deep to be of use. */
export function jsonOf(text: string): unknown {
  const value = parseJson(text);
  return isShallow(value) ? value : undefined;
}

/** Bytes of an output that later steps get. */
export const OUTPUT_BYTES = RUN_LIMITS.outputBytes;

export const fits = (output: unknown): boolean =>
  isShallow(output) && Buffer.byteLength(JSON.stringify(output) ?? '') <= OUTPUT_BYTES;

/** @throws RunFailure ActionFailed for an output that a status cannot hold: later steps would miss it without a word. */
export function checkSize(output: unknown): void {
  if (fits(output)) return;
  const size = `${OUTPUT_BYTES / 1024} KiB as JSON`;
  throw new RunFailure('ActionFailed', `the output has more than ${size}, or than ${MOST_LEVELS} levels`);
}
