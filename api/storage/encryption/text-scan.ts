import { SEALED_TABLES } from './encryption-tables.ts';
import type { EncryptionTables, SealedRow, SealedTable } from './encryption-tables.ts';
import { keyIdOf, resourceOf } from './sealed-text.ts';

/** Rows per step: short, since SQLite does nothing else meanwhile. */
const STEP = 500;

export interface ScannedRow extends SealedRow {
  /** Undefined: the text is plain. */
  keyId: string | undefined;
}

export const TABLES = Object.keys(SEALED_TABLES) as SealedTable[];

const scanned = (row: SealedRow): ScannedRow => ({ ...row, keyId: keyIdOf(row.head) });

/** The rows of a table that are encrypted or should be, a step at a time; others get their turn in between. */
export async function* scanTexts(
  tables: Pick<EncryptionTables, 'scan'>,
  what: { table: SealedTable; resources: ReadonlySet<string> },
): AsyncGenerator<ScannedRow[]> {
  const { table, resources } = what;
  let after: SealedRow['place'] | undefined;
  for (;;) {
    const rows = await tables.scan({ table, after, limit: STEP });
    // The row of a delete has no text.
    const texts = rows.filter(({ size }) => size > 0).map(scanned);
    yield texts.filter(({ keyId, owner }) => keyId !== undefined || resources.has(resourceOf(table, owner)));
    if (rows.length < STEP) return;
    after = rows.at(-1)?.place;
    await new Promise(setImmediate);
  }
}
