import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { parseDuration } from '../../duration.ts';

/** Of the controllers, alone or within `troupe server`. */
export interface ExecutorGraceFlag {
  /** Milliseconds. */
  executorGracePeriod: number;
}

/** Long enough for an executor manager that is started again, which leaves its sandboxes running. */
const LEAST_MS = 10_000;
const MOST_MS = 3_600_000;

export function addExecutorGraceFlag(command: Command): Command {
  return command.addOption(
    new Option(
      '--executor-grace-period <duration>',
      'how long an Executor may be not ready before its Sandboxes are lost and their steps tried elsewhere',
    )
      .argParser(parseGrace)
      .default(60_000, '1m'),
  );
}

function parseGrace(text: string): number {
  const ms = parseDuration(text);
  if (ms >= LEAST_MS && ms <= MOST_MS) return ms;
  throw new InvalidArgumentError('expected a duration of 10s to 1h');
}
