import { createReadStream } from 'node:fs';
import path from 'node:path';
import { makeDataFolder } from './data-folder/data-folder.ts';
import type { Clock } from './machinery/clock.ts';
import { checkBackup, contentText, restoreBackup } from './storage/backup/restore-backup.ts';
import type { BackupSummary } from './storage/backup/read-backup.ts';
import type { Restored } from './storage/backup/restore-backup.ts';

/** Reads a whole backup. @throws Error for one that is cut, damaged, of something else or of a newer version */
export function readBackupSummary(source: AsyncIterable<Uint8Array>): Promise<BackupSummary> {
  return checkBackup(source);
}

export function readBackupFile(file: string): AsyncIterable<Uint8Array> {
  return createReadStream(file, { highWaterMark: 1024 * 1024 });
}

export interface RestoreFileOptions {
  file: string;
  /** `sqlite:PATH` or `mysql://…`. */
  to: { databaseURL: string } | { dataDir: string };
  /** Into a database that is not empty; told what is about to be destroyed. */
  onReplace?: (content: string) => void;
  clock: Clock;
}

/** Restores into a database that no server has. @throws Error that says what is in the way; nothing was written then */
export async function restoreFile({ file, to, onReplace, clock }: RestoreFileOptions): Promise<Restored> {
  if ('dataDir' in to) await makeDataFolder(to.dataDir);
  const url = 'dataDir' in to ? `sqlite:${path.join(to.dataDir, 'troupe.db')}` : to.databaseURL;
  return restoreBackup({
    read: () => readBackupFile(file),
    url,
    now: clock.now(),
    ...(onReplace === undefined ? {} : { replace: (content) => onReplace(contentText(content)) }),
  });
}
