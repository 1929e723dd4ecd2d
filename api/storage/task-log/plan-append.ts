import type { TaskEventAppended, TaskMessageInput } from '../../types/tasks/task-event.ts';
import type { AppendOutcome, StoredTaskAppend } from '../driver/task-tables.ts';

/** Where a Task's log stands. */
export interface LogState {
  lastSeq: number;
  lastMessageId: number;
  /** Not 0 when the Task was deleted. */
  purgedAt: number;
}

/** Where one source in it stands. */
export interface SourceState {
  lastSourceSeq: number;
  /** The log's number of the source's last event; 0 when it has none. */
  lastSourceEventSeq: number;
}

export type TaskLogState = LogState & SourceState;

export const NEW_SOURCE: SourceState = { lastSourceSeq: 0, lastSourceEventSeq: 0 };

/** Whether a source's row is from before the log's numbers were kept in it: the driver searches for the number. */
export const isEventSeqUnknown = ({ lastSourceSeq, lastSourceEventSeq }: SourceState): boolean =>
  lastSourceSeq > 0 && lastSourceEventSeq === 0;

export interface AppendPlan {
  outcome: AppendOutcome;
  /** What to write; undefined: nothing. */
  rows?: {
    events: (StoredTaskAppend['events'][number] & { seq: number })[];
    messages: (TaskMessageInput & { id: number })[];
    lastSeq: number;
    lastMessageId: number;
    lastSourceSeq: number;
    lastSourceEventSeq: number;
  };
}

/**
 * What an append adds to a log, decided without a database so that every driver decides alike: events known
 * already are left out, a gap refuses the whole append, messages go with the first of their events.
 */
export function planAppend(batch: StoredTaskAppend, state: TaskLogState): AppendPlan {
  if (state.purgedAt > 0) return refused('NotFound', `the log of task ${batch.taskUID} was deleted`);
  const fresh = batch.events.filter((event) => event.sourceSeq > state.lastSourceSeq);
  const gap = fresh.findIndex((event, i) => event.sourceSeq !== state.lastSourceSeq + 1 + i);
  if (gap >= 0) {
    const expected = state.lastSourceSeq + 1 + gap;
    return refused('Conflict', `source ${batch.source} must go on with sourceSeq ${expected}`);
  }
  if (fresh.length === 0) return added(state, false);
  const rows = {
    events: fresh.map(({ sourceSeq, time, type, data }, i) => ({
      sourceSeq,
      time,
      type,
      data,
      seq: state.lastSeq + 1 + i,
    })),
    messages: (batch.messages ?? []).map(({ role, content, time }, i) => ({
      role,
      content,
      time,
      id: state.lastMessageId + 1 + i,
    })),
    lastSeq: state.lastSeq + fresh.length,
    lastMessageId: state.lastMessageId + (batch.messages?.length ?? 0),
    lastSourceSeq: state.lastSourceSeq + fresh.length,
    lastSourceEventSeq: state.lastSeq + fresh.length,
  };
  return { ...added(rows, true), rows };
}

const refused = (code: 'Conflict' | 'NotFound', message: string): AppendPlan => ({
  outcome: { ok: false, code, message },
});

const added = (
  { lastSeq, lastSourceSeq, lastSourceEventSeq }: TaskEventAppended,
  isNew: boolean,
): AppendPlan => ({
  outcome: { ok: true, appended: { lastSeq, lastSourceSeq, lastSourceEventSeq }, added: isNew },
});
