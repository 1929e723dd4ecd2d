import type { TaskEvent, TaskEventAppend } from '../../types/tasks/task-event.ts';
import type { StoredTaskAppend, StoredTaskEvent } from '../driver/task-tables.ts';

/** Of the events that are read together, whose last one may go beyond it. */
export const PAGE_BYTES = 4 * 1024 * 1024;

/** Characters of the columns beside the data, about. */
const ROW_OVERHEAD = 256;
const APPEND_OVERHEAD = 512;

export const storedAppend = (batch: TaskEventAppend): StoredTaskAppend => ({
  ...batch,
  events: batch.events.map((event) => ({ ...event, data: JSON.stringify(event.data) })),
});

/** Frozen, as it may be shared. */
export const parsedEvent = (row: StoredTaskEvent): TaskEvent =>
  Object.freeze({ ...row, data: JSON.parse(row.data) as Record<string, unknown> });

/** Characters, about. */
export const sizeOfEvent = ({ data }: { data: string }): number => ROW_OVERHEAD + data.length;

export function sizeOfAppend(batch: StoredTaskAppend): number {
  let size = APPEND_OVERHEAD;
  for (const event of batch.events) size += sizeOfEvent(event);
  for (const message of batch.messages ?? []) size += ROW_OVERHEAD + message.content.length;
  return size;
}
