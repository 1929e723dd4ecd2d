import { VERSION } from '../../machinery/version.ts';
import { BACKUP_TABLE_NAMES } from './backup-tables.ts';
import type { BackupTable } from './backup-tables.ts';

/**
 * A backup is gzip over lines of JSON (docs/adr/0014-backups-are-logical.md): the header, then for each table a line
 * with its columns and a line per row, then the trailer. Without the trailer, or with another sum, it is not whole.
 */
export interface BackupHeader {
  format: typeof FORMAT;
  version: number;
  /** Number of the newest migration that the database had. */
  schema: number;
  /** Everything up to it is in the backup, nothing later. */
  revision: number;
  keyGeneration: number;
  time: string;
  /** Of the program that wrote it. */
  troupe: string;
}

export interface TableLine {
  table: BackupTable;
  columns: readonly string[];
}

export interface BackupTrailer {
  rows: Partial<Record<BackupTable, number>>;
  /** SHA-256 of all lines before, in hexadecimal digits. */
  sha256: string;
}

export const FORMAT = 'troupe-backup';

/** The newest format that this program reads and writes; it reads all before. */
export const FORMAT_VERSION = 1;

export function newHeader(
  facts: Pick<BackupHeader, 'keyGeneration' | 'revision' | 'schema' | 'time'>,
): BackupHeader {
  return { format: FORMAT, version: FORMAT_VERSION, ...facts, troupe: VERSION };
}

/** Why a file cannot be used as a backup; nothing was written then. */
export class BackupError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'BackupError';
  }
}

/** @throws BackupError for a line that begins no backup, or one of a newer program */
export function parseHeader(line: string, schema: number): BackupHeader {
  const header = parseLine(line) as Partial<BackupHeader> | null;
  if (header?.format !== FORMAT) throw new BackupError('the file is no backup of troupe');
  const { version, revision, keyGeneration } = header;
  if (!isCount(version) || !isCount(header.schema) || !isCount(revision) || !isCount(keyGeneration)) {
    throw new BackupError('the header of the backup is damaged');
  }
  if (version > FORMAT_VERSION || header.schema > schema) {
    const by = String(header.troupe);
    throw new BackupError(
      `the backup is of a newer version of troupe (${by}; format ${version}, schema ${header.schema}); ` +
        `this one (${VERSION}) reads format ${FORMAT_VERSION} and schema ${schema}: use that version`,
    );
  }
  return header as BackupHeader;
}

export function parseTableLine(value: object): TableLine | undefined {
  const { table, columns } = value as Partial<TableLine>;
  return table !== undefined && BACKUP_TABLE_NAMES.includes(table) && Array.isArray(columns)
    ? { table, columns }
    : undefined;
}

/** @throws BackupError for what is no JSON */
export function parseLine(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch (error) {
    throw new BackupError('the backup is damaged: a line is no JSON', { cause: error });
  }
}

export const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;
