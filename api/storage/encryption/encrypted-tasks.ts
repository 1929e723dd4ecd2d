import type {
  AppendOutcome,
  StoredTaskAppend,
  StoredTaskEvent,
  StoredTaskPage,
  TaskTables,
} from '../driver/task-tables.ts';
import type { TaskMessage, TaskMessageInput } from '../../types/tasks/task-event.ts';
import type { DataKey } from './data-key.ts';
import { markedPlain, ownerText, TASKS, unmarkedPlain } from './sealed-text.ts';
import { seal, stampOf } from './text-cipher.ts';
import type { TextCipher } from './text-cipher.ts';

export interface EncryptedTasksOptions {
  tables: TaskTables;
  cipher: TextCipher;
  resources: ReadonlySet<string>;
}

/** Logs and conversations of Tasks, encrypted where Tasks are; what was encrypted once is read in any case. */
export function encryptedTasks({ tables, cipher, resources }: EncryptedTasksOptions): TaskTables {
  return {
    async appendTaskEvents(batches: readonly StoredTaskAppend[]): Promise<AppendOutcome[]> {
      // Marked in any case: what is read back is unmarked, whichever way it was kept.
      const marked = batches.map(withMarkedMessages);
      if (!resources.has(TASKS)) return tables.appendTaskEvents(marked);
      return cipher.writing((key) => {
        const sealed = marked.map((batch) => sealedAppend(batch, key));
        return tables.appendTaskEvents(sealed, stampOf(key));
      });
    },
    async readTaskEvents(query): Promise<StoredTaskPage> {
      const { taskUID } = query;
      const open = (row: StoredTaskEvent): StoredTaskEvent => {
        const what = (): string => `event ${row.seq} of Task ${taskUID}`;
        return { ...row, data: cipher.open(row.data, eventOwner(taskUID, row), what) };
      };
      const page = await tables.readTaskEvents(query);
      return cipher.reading(() => ({ ...page, events: page.events.map(open) }));
    },
    taskLogBounds: (taskUID) => tables.taskLogBounds(taskUID),
    async readTaskMessages(query): Promise<TaskMessage[]> {
      const { taskUID } = query;
      const open = (row: TaskMessage): TaskMessage => {
        const what = (): string => `message ${row.id} of Task ${taskUID}`;
        return { ...row, content: unmarkedPlain(cipher.open(row.content, messageOwner(taskUID, row), what)) };
      };
      const rows = await tables.readTaskMessages(query);
      return cipher.reading(() => rows.map(open));
    },
  };
}

const marked = (row: TaskMessageInput): TaskMessageInput => ({ ...row, content: markedPlain(row.content) });

function withMarkedMessages(batch: StoredTaskAppend): StoredTaskAppend {
  return batch.messages === undefined ? batch : { ...batch, messages: batch.messages.map(marked) };
}

function sealedAppend(batch: StoredTaskAppend, key: DataKey): StoredTaskAppend {
  const { taskUID, source } = batch;
  const sealedEvent = (event: StoredTaskAppend['events'][number]): typeof event => ({
    ...event,
    data: seal(key, event.data, eventOwner(taskUID, { source, sourceSeq: event.sourceSeq })),
  });
  const sealedMessage = (row: TaskMessageInput): TaskMessageInput => ({
    ...row,
    content: seal(key, row.content, messageOwner(taskUID, { source, role: row.role, time: row.time })),
  });
  const events = batch.events.map(sealedEvent);
  if (batch.messages === undefined) return { ...batch, events };
  return { ...batch, events, messages: batch.messages.map(sealedMessage) };
}

const eventOwner = (taskUID: string, row: Pick<StoredTaskEvent, 'source' | 'sourceSeq'>): string =>
  ownerText('task_events', [taskUID, row.source, row.sourceSeq]);

/** Its number is not known before it is written. */
const messageOwner = (taskUID: string, row: Pick<TaskMessage, 'role' | 'source' | 'time'>): string =>
  ownerText('task_messages', [taskUID, row.source, row.role, row.time]);
