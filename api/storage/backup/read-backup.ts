import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { BackupError, isCount, parseHeader, parseLine, parseTableLine } from './backup-format.ts';
import type { BackupHeader, BackupTrailer } from './backup-format.ts';
import { BACKUP_TABLES } from './backup-tables.ts';
import type { BackupRow, BackupTable } from './backup-tables.ts';
import { linesOf } from './backup-lines.ts';

/** Rows of one table, some at a time. */
export interface BackupRows {
  table: BackupTable;
  columns: readonly string[];
  rows: BackupRow[];
}

export interface BackupSummary {
  header: BackupHeader;
  rows: Partial<Record<BackupTable, number>>;
}

/** Bytes of lines that are handed on at once, or one line. */
const BATCH_BYTES = 1024 * 1024;

/**
 * Reads a backup; `use` gets its rows as they come. Resolves only if the backup was complete: until then, what `use` got
 * is provisional.
 * @throws BackupError for a file that is cut, damaged, of something else or of a newer program than `schema` says
 */
export async function readBackup(
  source: AsyncIterable<Uint8Array>,
  { schema, use }: { schema: number; use(rows: BackupRows): Promise<void> },
): Promise<BackupSummary> {
  const gunzip = createGunzip();
  const reader = new BackupReader(schema);
  try {
    // The last function is also told of what goes wrong before it.
    await pipeline(Readable.from(source), gunzip, async (unpacked: AsyncIterable<Buffer>) => {
      for await (const lines of linesOf(unpacked, BATCH_BYTES)) {
        for (const rows of reader.take(lines)) await use(rows);
      }
    });
  } catch (error) {
    throw translated(error);
  }
  return reader.end();
}

/** Z_DATA_ERROR at the first bytes is a file of something else; later, and at its end, one that was whole once. */
function translated(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'Z_BUF_ERROR')
    return new BackupError('the backup is cut: its end is missing', { cause: error });
  if (code !== 'Z_DATA_ERROR') return error;
  const { message } = error as Error;
  const text = message.includes('header check') ? 'the file is no backup of troupe' : 'the backup is damaged';
  return new BackupError(text, { cause: error });
}

interface Open {
  table: BackupTable;
  columns: readonly string[];
}

class BackupReader {
  readonly #schema: number;
  readonly #hash = createHash('sha256');
  readonly #counts: Partial<Record<BackupTable, number>> = {};
  #header: BackupHeader | undefined;
  #open: Open | undefined;
  #trailer: BackupTrailer | undefined;

  constructor(schema: number) {
    this.#schema = schema;
  }

  *take(lines: readonly Buffer[]): Generator<BackupRows> {
    let rows: BackupRow[] = [];
    for (const line of lines) {
      const row = this.#takeLine(line);
      if (row !== undefined) {
        rows.push(row);
        continue;
      }
      // The line before it was the last of its table.
      const before = this.#closing(rows);
      rows = [];
      if (before !== undefined) yield before;
      this.#turn(line);
    }
    const rest = this.#closing(rows);
    if (rest !== undefined) yield rest;
  }

  /** @throws BackupError where the file ends too early */
  end(): BackupSummary {
    if (this.#header === undefined) throw new BackupError('the file is no backup of troupe');
    if (this.#trailer === undefined) throw new BackupError('the backup is cut: its end is missing');
    return { header: this.#header, rows: this.#counts };
  }

  /** A row, or undefined for a line of another kind. */
  #takeLine(line: Buffer): BackupRow | undefined {
    if (this.#trailer !== undefined)
      throw new BackupError('the backup is damaged: something follows its end');
    if (line[0] !== OPENING_BRACKET) return undefined;
    if (this.#open === undefined) throw new BackupError('the file is no backup of troupe');
    this.#hash.update(line);
    const row = parseLine(line.toString()) as BackupRow;
    const isRow = row.length === this.#open.columns.length && row.every((value) => isValue(value));
    if (!isRow) throw new BackupError(`the backup is damaged: a row of ${this.#open.table} does not fit`);
    this.#counts[this.#open.table] = (this.#counts[this.#open.table] ?? 0) + 1;
    return row;
  }

  #closing(rows: BackupRow[]): BackupRows | undefined {
    return this.#open === undefined || rows.length === 0 ? undefined : { ...this.#open, rows };
  }

  /** Header, table or trailer. */
  #turn(line: Buffer): void {
    const text = line.toString();
    if (this.#header === undefined) {
      this.#header = parseHeader(text, this.#schema);
      this.#hash.update(line);
      return;
    }
    const value = parseLine(text) as object;
    if ('sha256' in value) {
      this.#check(value as BackupTrailer);
      return;
    }
    const open = parseTableLine(value);
    const isKnown = open?.columns.every((column) => BACKUP_TABLES[open.table].includes(column as never));
    if (open === undefined || isKnown !== true || this.#counts[open.table] !== undefined) {
      throw new BackupError('the backup is damaged: it names a table or column that is not known');
    }
    this.#open = open;
    this.#counts[open.table] = 0;
    this.#hash.update(line);
  }

  #check(trailer: BackupTrailer): void {
    const same = Object.entries(this.#counts).every(
      ([table, count]) => trailer.rows[table as BackupTable] === count,
    );
    if (trailer.sha256 !== this.#hash.digest('hex') || !same) {
      throw new BackupError('the backup is damaged: its sum is another');
    }
    this.#trailer = trailer;
  }
}

const OPENING_BRACKET = '['.charCodeAt(0);

const isValue = (value: unknown): boolean => typeof value === 'string' || isCount(value);
