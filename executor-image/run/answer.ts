import { RUN_LIMITS } from '#executor-manager/protocol/run';
import type { RunResult } from '#executor-manager/protocol/run';
import { boundedWarnings } from '#executor-manager/protocol/warnings';
import { cutText } from '../text/cut.ts';

/** The answer as a status can hold it. One that is too long says at its end, and in the warnings, that it goes on in the log. */
export function limitedAnswer(
  value: string,
  warnings: readonly string[] = [],
): Pick<RunResult, 'value' | 'warnings'> {
  const bytes = Buffer.byteLength(value);
  if (bytes <= RUN_LIMITS.answerBytes)
    return { value, ...(warnings.length === 0 ? {} : { warnings: boundedWarnings(warnings) }) };
  const told = `The answer has ${bytes} bytes and is cut here; the log of the Task has all of it.`;
  const end = `\n\n[${told}]`;
  return {
    value: `${cutText(value, RUN_LIMITS.answerBytes - Buffer.byteLength(end))}${end}`,
    // First, so that no flood of others hides it.
    warnings: boundedWarnings([told.replace(' here', ''), ...warnings]),
  };
}
