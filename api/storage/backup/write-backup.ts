import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { StorageError } from '../contract/storage-error.ts';
import type { BackupHeader, BackupTrailer, TableLine } from './backup-format.ts';
import { BACKUP_TABLE_NAMES, BACKUP_TABLES } from './backup-tables.ts';
import type { BackupRow, BackupTable, Dump } from './backup-tables.ts';

/** What is handed to gzip at once. */
const CHUNK_LENGTH = 64 * 1024;
/** The server has other things to do: three quarters of what the best level saves, for a third of its time. */
const LEVEL = 3;

/** The bytes of a backup, made as they are taken. When the database fails it throws, and the trailer is missing. */
export async function* writeBackup(dump: Dump, header: BackupHeader): AsyncGenerator<Uint8Array> {
  const gzip = createGzip({ level: LEVEL });
  const written = pipeline(Readable.from(chunksOf(dump, header)), gzip);
  // Its error also comes out of gzip, to whoever reads.
  written.catch(() => undefined);
  try {
    yield* gzip as AsyncIterable<Buffer>;
  } finally {
    await written.catch(() => undefined);
  }
}

async function* chunksOf(dump: Dump, header: BackupHeader): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  const rows: BackupTrailer['rows'] = {};
  let text = `${JSON.stringify(header)}\n`;
  const take = (): Buffer => {
    const chunk = Buffer.from(text);
    text = '';
    hash.update(chunk);
    return chunk;
  };
  for (const table of BACKUP_TABLE_NAMES) {
    const line: TableLine = { table, columns: BACKUP_TABLES[table] };
    text += `${JSON.stringify(line)}\n`;
    let count = 0;
    for await (const row of dump.rows(table)) {
      text += `${rowText(table, row)}\n`;
      count++;
      if (text.length >= CHUNK_LENGTH) yield take();
    }
    rows[table] = count;
  }
  yield take();
  yield Buffer.from(`${JSON.stringify({ rows, sha256: hash.digest('hex') })}\n`);
}

function rowText(table: BackupTable, row: BackupRow): string {
  if (row.includes(null as never)) {
    throw new StorageError('Unavailable', `the database is damaged: a row of ${table} lacks a part`);
  }
  return JSON.stringify(row);
}
