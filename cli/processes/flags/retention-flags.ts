import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import type { ApiHistory, ApiRetention } from '#api/config';
import { parseDuration } from '../../duration.ts';

/** Flags that say how long things are kept. Durations are in milliseconds. */
export interface RetentionFlags {
  historyWindow?: number;
  historyMinRevisions?: number;
  historyMaxRevisions?: number;
  eventTtl?: number;
  deletedTasksTtl?: number;
  finishedTasksTtl?: number;
  taskLogTtl?: number;
}

export function addRetentionFlags(command: Command): Command {
  return command
    .option('--history-window <duration>', 'history that watches may begin in (15m)', parseWindow)
    .option('--history-min-revisions <number>', 'revisions of history kept at least (10000)', parseRevisions)
    .option('--history-max-revisions <number>', 'revisions of history kept at most (1000000)', parseRevisions)
    .option('--event-ttl <duration>', 'how long Events are kept, 0 for ever (1h)', parseEventTtl)
    .option(
      '--deleted-tasks-ttl <duration>',
      'how long deleted Tasks and their logs are kept (168h)',
      parseTtl,
    )
    .option('--finished-tasks-ttl <duration>', 'when finished Tasks are deleted, 0 never (0)', parseTtl)
    .option('--task-log-ttl <duration>', 'when events of finished Tasks are removed, 0 never (0)', parseTtl);
}

/** What the flags say about history; what they leave out has its default. */
export function historyOf(flags: RetentionFlags): ApiHistory {
  const { historyWindow, historyMinRevisions, historyMaxRevisions } = flags;
  return {
    ...(historyWindow === undefined ? {} : { windowMs: historyWindow }),
    ...(historyMinRevisions === undefined ? {} : { minRevisions: historyMinRevisions }),
    ...(historyMaxRevisions === undefined ? {} : { maxRevisions: historyMaxRevisions }),
  };
}

/** What the flags say about all else; what they leave out has its default. */
export function retentionOf(flags: RetentionFlags): ApiRetention {
  const { eventTtl, deletedTasksTtl, finishedTasksTtl, taskLogTtl } = flags;
  return {
    ...(eventTtl === undefined ? {} : { events: orNever(eventTtl) }),
    ...(deletedTasksTtl === undefined ? {} : { deletedTasks: deletedTasksTtl }),
    ...(finishedTasksTtl === undefined ? {} : { finishedTasks: orNever(finishedTasksTtl) }),
    ...(taskLogTtl === undefined ? {} : { taskLogs: orNever(taskLogTtl) }),
  };
}

const orNever = (ttl: number): number | undefined => (ttl === 0 ? undefined : ttl);

const MINUTE_MS = 60_000;
/** Ten years, about. */
const LONGEST_MS = 87_600 * 60 * MINUTE_MS;

function parseWindow(text: string): number {
  const ms = parseDuration(text);
  if (ms >= MINUTE_MS && ms <= 24 * 60 * MINUTE_MS) return ms;
  throw new InvalidArgumentError('expected a duration of 1m to 24h');
}

function parseRevisions(text: string): number {
  if (/^[1-9]\d{2,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected a whole number of at least 100');
}

function parseTtl(text: string): number {
  const ms = parseDuration(text);
  if (ms >= 0 && ms <= LONGEST_MS) return ms;
  throw new InvalidArgumentError('expected a duration of 0 to 87600h');
}

/** Each minute of it is a row, for all Events together. */
function parseEventTtl(text: string): number {
  const ms = parseDuration(text);
  if (ms === 0 || (ms >= MINUTE_MS && ms <= 720 * 60 * MINUTE_MS)) return ms;
  throw new InvalidArgumentError('expected 0 or a duration of 1m to 720h');
}
