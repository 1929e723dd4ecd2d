import { HEAD_LENGTH, SEALED_TABLES } from '../encryption/encryption-tables.ts';
import type {
  ColumnValue,
  EncryptionTables,
  KeyChange,
  KeyTable,
  Rewriting,
  ScanQuery,
  SealedRow,
  WrappedKey,
} from '../encryption/encryption-tables.ts';
import { valuesOf } from '../rows.ts';
import type { RawRow } from '../rows.ts';
import type { MysqlConnections } from './connections.ts';
import { checkKey, holdKey } from './key-check.ts';
import { joinSql, rowList, sql } from './sql-text.ts';
import type { Sql } from './sql-text.ts';

const KEYS = sql`SELECT id, root_key_id AS rootKeyId, wrapped, created_at AS createdAt FROM encryption_keys
  ORDER BY id`;

const GENERATION = sql`SELECT key_generation AS generation FROM revision_counter WHERE id = 1`;

/** Keys and encrypted texts in MySQL or MariaDB. */
export class MysqlEncryptionTables implements EncryptionTables {
  readonly #connections: MysqlConnections;

  constructor(connections: MysqlConnections) {
    this.#connections = connections;
  }

  async keys(): Promise<KeyTable> {
    const [counter, keys] = await this.#connections.readSnapshot([GENERATION, KEYS]);
    return { generation: generationOf(counter), keys: keys as WrappedKey[] };
  }

  /** The counter holds up commits, the keys' rows those who share them: appends and rewritings. */
  async changeKeys({ from, to, put, drop }: KeyChange): Promise<boolean> {
    return this.#connections.transaction(async (session) => {
      const [, counter] = await session.query([
        sql`START TRANSACTION`,
        sql`SELECT key_generation AS generation FROM revision_counter WHERE id = 1 FOR UPDATE`,
        sql`SELECT id FROM encryption_keys FOR UPDATE`,
      ]);
      const isCurrent = generationOf(counter) === from;
      const rows = put.map(({ id, rootKeyId, wrapped, createdAt }) => [id, rootKeyId, wrapped, createdAt]);
      const changes = [
        ...(rows.length === 0
          ? []
          : [
              sql`REPLACE INTO encryption_keys (id, root_key_id, wrapped, created_at) VALUES ${rowList(rows)}`,
            ]),
        ...(drop.length === 0 ? [] : [sql`DELETE FROM encryption_keys WHERE id IN (${drop})`]),
        sql`UPDATE revision_counter SET key_generation = ${to} WHERE id = 1`,
      ];
      await session.finish(isCurrent ? changes : []);
      return isCurrent;
    });
  }

  async scan({ table, after, limit }: ScanQuery): Promise<SealedRow[]> {
    const { place, owner, text } = SEALED_TABLES[table];
    const rows = await this.#connections.read(sql`SELECT ${names([...new Set([...place, ...owner])])},
      SUBSTRING(${name(text)}, 1, ${HEAD_LENGTH}) AS head, LENGTH(${name(text)}) AS size
      FROM ${name(table)} WHERE ${after === undefined ? sql`TRUE` : isAfter(place, after)}
      ORDER BY ${names(place)} LIMIT ${limit}`);
    return (rows as (RawRow & { head: string; size: number })[]).map((row) => ({
      place: valuesOf(row, place),
      owner: valuesOf(row, owner),
      head: row.head,
      size: row.size,
    }));
  }

  async rewrite({ table, places, key, rewrite }: Rewriting): Promise<number> {
    const { place, owner, text } = SEALED_TABLES[table];
    const isOne = (at: readonly ColumnValue[]): Sql => joinSql(equations(place, at), ' AND ');
    return this.#connections.transaction(async (session) => {
      const [, found, counter, rows = []] = await session.query([
        sql`START TRANSACTION`,
        ...holdKey(key),
        sql`SELECT ${names([...new Set([...place, ...owner])])}, ${name(text)} AS text FROM ${name(table)}
          WHERE ${joinSql(places.map(isOne), ' OR ')} FOR UPDATE`,
      ]);
      checkKey(key, [found ?? [], counter ?? []]);
      const updates = (rows as (RawRow & { text: string })[]).flatMap((row) => {
        const changed = rewrite(row.text, valuesOf(row, owner));
        if (changed === undefined) return [];
        return [
          sql`UPDATE ${name(table)} SET ${name(text)} = ${changed} WHERE ${isOne(valuesOf(row, place))}`,
        ];
      });
      await session.finish(updates);
      return updates.length;
    });
  }

  /** What InnoDB and its logs keep of replaced rows, only the server's operator can remove. */
  async noteRemains(): Promise<void> {}

  async removeRemains(): Promise<void> {}
}

const generationOf = (rows: readonly unknown[] = []): number =>
  (rows[0] as { generation: number }).generation;

/** Of SEALED_TABLES, so it needs no escape. */
const name = (identifier: string): Sql => ({ text: identifier });
const names = (identifiers: readonly string[]): Sql => joinSql(identifiers.map(name), ', ');

const equations = (columns: readonly string[], values: readonly ColumnValue[]): Sql[] =>
  columns.map((column, i) => sql`${name(column)} = ${values[i] as ColumnValue}`);

/** In words that MySQL reads its index by; a comparison of rows would read all of it. */
function isAfter(columns: readonly string[], values: readonly ColumnValue[]): Sql {
  const alternatives = columns.map((column, i) => {
    const later = sql`${name(column)} > ${values[i] as ColumnValue}`;
    return sql`(${joinSql([...equations(columns.slice(0, i), values), later], ' AND ')})`;
  });
  return joinSql(alternatives, ' OR ');
}
