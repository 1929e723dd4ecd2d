import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** Every byte of the SQLite database in a data folder: rows, what was deleted, and the log of writes. */
export async function databaseBytes(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name.startsWith('troupe.db'));
  const files = await Promise.all(names.map((name) => readFile(path.join(folder, name), 'latin1')));
  return files.join('');
}
