import type { DeletedTask } from '../contract/retention.ts';
import type { RetentionTables } from '../driver/retention-tables.ts';
import { ownerText } from './sealed-text.ts';
import type { TextCipher } from './text-cipher.ts';

export interface EncryptedRetentionOptions {
  tables: RetentionTables;
  cipher: TextCipher;
}

/** Retention reads one text only: the last state of a deleted Task, as the log of revisions had it. */
export function encryptedRetention({ tables, cipher }: EncryptedRetentionOptions): RetentionTables {
  return {
    takeTurn: (turn) => tables.takeTurn(turn),
    revisionAt: (time) => tables.revisionAt(time),
    deletedTasks: (query) => tables.deletedTasks(query),
    async deletedTask(uid: string): Promise<(DeletedTask & { body: string }) | undefined> {
      const task = await tables.deletedTask(uid);
      if (task === undefined) return undefined;
      const owner = ownerText('deleted_tasks', [task.namespace, task.name]);
      const body = await cipher.reading(() => cipher.open(task.body, owner, () => `deleted Task ${uid}`));
      return { ...task, body };
    },
    limitDeletionTimes: (now) => tables.limitDeletionTimes(now),
    purgeDeletedTask: (query) => tables.purgeDeletedTask(query),
    logsWithEvents: (uids) => tables.logsWithEvents(uids),
    dropEvents: (query) => tables.dropEvents(query),
  };
}
