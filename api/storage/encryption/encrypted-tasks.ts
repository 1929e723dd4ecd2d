import type { AppendOutcome, StoredTaskAppend, StoredTaskEvent, TaskTables } from '../contract.ts';
import type { TaskMessage, TaskMessageInput } from '../../machinery/task-event.ts';
import type { DataKey } from './data-key.ts';
import { markedPlain, ownerText, TASKS, unmarkedPlain } from './sealed-text.ts';
import { seal, stampOf, type TextCipher } from './text-cipher.ts';

export interface EncryptedTasksOptions {
  tables: TaskTables;
  cipher: TextCipher;
  resources: ReadonlySet<string>;
}

/** Logs and conversations of Tasks, encrypted where Tasks are; what was encrypted once is read in any case. */
export function encryptedTasks({ tables, cipher, resources }: EncryptedTasksOptions): TaskTables {
  return {
    async appendTaskEvents(batches: readonly StoredTaskAppend[]): Promise<AppendOutcome[]> {
      if (!resources.has(TASKS)) return tables.appendTaskEvents(batches.map(withMarkedMessages));
      return cipher.writing((key) =>
        tables.appendTaskEvents(
          batches.map((batch) => sealed(batch, key)),
          stampOf(key),
        ),
      );
    },
    async readTaskEvents(query): Promise<StoredTaskEvent[]> {
      const rows = await tables.readTaskEvents(query);
      const { taskUID } = query;
      return cipher.reading(() =>
        rows.map((row) => ({
          ...row,
          data: cipher.open(row.data, eventOwner(taskUID, row), () => `event ${row.seq} of Task ${taskUID}`),
        })),
      );
    },
    async readTaskMessages(query): Promise<TaskMessage[]> {
      const rows = await tables.readTaskMessages(query);
      const { taskUID } = query;
      const what = (row: TaskMessage) => () => `message ${row.id} of Task ${taskUID}`;
      return cipher.reading(() =>
        rows.map((row) => ({
          ...row,
          content: unmarkedPlain(cipher.open(row.content, messageOwner(taskUID, row), what(row))),
        })),
      );
    },
  };
}

function withMarkedMessages({ messages, ...batch }: StoredTaskAppend): StoredTaskAppend {
  if (messages === undefined) return batch;
  return { ...batch, messages: messages.map((row) => ({ ...row, content: markedPlain(row.content) })) };
}

function sealed(given: StoredTaskAppend, key: DataKey): StoredTaskAppend {
  // Marked all the same: what is read back is unmarked, whichever way it was kept.
  const { taskUID, source, events, messages, ...rest } = withMarkedMessages(given);
  const batch = {
    ...rest,
    taskUID,
    source,
    events: events.map((event) => ({
      ...event,
      data: seal(key, event.data, eventOwner(taskUID, { ...event, source })),
    })),
  };
  if (messages === undefined) return batch;
  const sealedMessages = messages.map((row) => ({
    ...row,
    content: seal(key, row.content, messageOwner(taskUID, { ...row, source })),
  }));
  return { ...batch, messages: sealedMessages };
}

const eventOwner = (taskUID: string, row: Pick<StoredTaskEvent, 'source' | 'sourceSeq'>): string =>
  ownerText('task_events', [taskUID, row.source, row.sourceSeq]);

/** Its number is not known before it is written. */
const messageOwner = (
  taskUID: string,
  row: Pick<TaskMessageInput, 'role' | 'time'> & Pick<TaskMessage, 'source'>,
): string => ownerText('task_messages', [taskUID, row.source, row.role, row.time]);
