import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StatusError } from '#api/machinery/status-error';

/** https://sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;
/** Two that begin at the same moment may both find it busy for an instant. */
const WAIT_MS = 100;

/**
 * Holds an executor's folder for one manager, until it is disposed of. SQLite's lock of a file ends with the process,
 * however that dies, on every system, and also keeps a second holder in the same process away.
 * @throws StatusError Conflict when another manager holds it.
 */
export function lockExecutor({ folder, name }: { folder: string; name: string }): Disposable {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const connection = new DatabaseSync(join(folder, 'lock'), { timeout: WAIT_MS });
  try {
    // Nothing is ever written: no journal is left beside it.
    connection.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    connection.close();
    throw isBusy(error) ? inUse(name, folder, error) : error;
  }
  return { [Symbol.dispose]: () => connection.close() };
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
}

function inUse(name: string, folder: string, cause: unknown): StatusError {
  const text = `another executor manager runs as "${name}" with the folder ${folder}; stop it, or give this one another name`;
  return new StatusError('Conflict', text, { cause });
}
