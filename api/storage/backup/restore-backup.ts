import { newestSchema } from '../migration-journal.ts';
import { BackupError } from './backup-format.ts';
import { openTarget } from './open-target.ts';
import { readBackup } from './read-backup.ts';
import type { BackupRows, BackupSummary } from './read-backup.ts';
import type { InsertRows, TargetContent } from './restore-target.ts';

export interface RestoreOptions {
  /** The bytes of the backup, from the beginning each time. */
  read(): AsyncIterable<Uint8Array>;
  /** As openStore takes it. */
  url: string;
  /** Into a database that is not empty; told before anything of it is destroyed. */
  replace?: (content: TargetContent) => void;
  /** Milliseconds since the epoch. */
  now: number;
}

export interface Restored extends BackupSummary {
  /** Where numbers go on. */
  revision: number;
}

/** As etcdutl's --bump-revision recommends: more than anybody can have written since the backup. */
const REVISION_JUMP = 1_000_000_000;

/** Reads all of it and writes nothing. @throws BackupError */
export function checkBackup(source: AsyncIterable<Uint8Array>): Promise<BackupSummary> {
  return readBackup(source, { schema: newestSchema(), use: () => Promise.resolve() });
}

/**
 * Puts a backup into a database that no server has. The whole of it is checked before anything is written.
 * @throws BackupError where the file or what the database holds speaks against it, StorageError of the database
 */
export async function restoreBackup({ read, url, replace, now }: RestoreOptions): Promise<Restored> {
  await checkBackup(read());
  await using target = await openTarget(url);
  const content = await target.content();
  if (!isFree(content)) {
    if (replace === undefined) throw notEmpty(content);
    replace(content);
  }
  await target.begin();
  const schema = newestSchema();
  const summary = await readBackup(read(), {
    schema,
    async use(rows) {
      for (const insert of insertsOf(rows)) await target.insert(insert);
    },
  });
  const { header } = summary;
  const revision = revisionAfter(Math.max(header.revision, content.revision), now);
  await target.finish({ revision, keyGeneration: header.keyGeneration });
  return { ...summary, revision };
}

/**
 * Clients may hold numbers from after the backup, and from after an earlier restore of it: the next ones are above all
 * of them, and all history is compacted, so that every watch lists anew. Microseconds since the epoch are above what
 * any restore before can have led to, as long as fewer than a million revisions a second are written.
 */
function revisionAfter(known: number, now: number): number {
  return Math.max(known + REVISION_JUMP, Math.floor(now) * 1_000);
}

const isFree = ({ revision, objects, taskLogs, interrupted }: TargetContent): boolean =>
  interrupted || (revision === 0 && objects === 0 && taskLogs === 0);

export function contentText({ revision, objects, taskLogs }: TargetContent): string {
  return `${objects} objects and ${taskLogs} logs of Tasks, at revision ${revision}`;
}

function notEmpty(content: TargetContent): BackupError {
  return new BackupError(
    `the database is not empty (${contentText(content)}); give an empty one, or --force to destroy what is in it`,
  );
}

/** An object is a row of the log, which has its body, and one that says which row is the newest. */
function insertsOf({ table, columns, rows }: BackupRows): InsertRows[] {
  if (table !== 'objects') return [{ table, columns, rows }];
  const body = columns.indexOf('body');
  return [
    {
      table: 'revisions',
      columns: [...columns, 'op', 'previous_revision'],
      rows: rows.map((row) => [...row, 'create', 0]),
    },
    { table, columns: columns.toSpliced(body, 1), rows: rows.map((row) => row.toSpliced(body, 1)) },
  ];
}
