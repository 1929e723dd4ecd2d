import { StorageError } from '../contract/storage-error.ts';
import type { RestoreTarget } from './restore-target.ts';

/** @throws StorageError Unavailable when a server has the database */
export async function openTarget(url: string): Promise<RestoreTarget> {
  if (url.startsWith('sqlite:') && url !== 'sqlite:') {
    const { openSqliteTarget } = await import('../sqlite/sqlite-restore.ts');
    return openSqliteTarget(url.slice('sqlite:'.length));
  }
  if (url.startsWith('mysql://')) {
    const { openMysqlTarget } = await import('../mysql/mysql-restore.ts');
    return openMysqlTarget(url);
  }
  throw new StorageError('Unavailable', 'the database URL must be sqlite:PATH or begin with mysql://');
}
