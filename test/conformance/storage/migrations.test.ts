import { createConnection } from 'mysql2/promise';
import { afterEach, describe, expect, it } from 'vitest';
import { connectionOptions } from '#api/storage/mysql/connection-options';
import { migrateMysql } from '#api/storage/mysql/migrate';
import { SERVERS, administer, freshDatabase } from './databases.ts';
import type { TestDatabase } from './databases.ts';
import { create, taskKey } from './objects.ts';

/** Columns and indexes of every table, as text. */
async function schemaOf(url: string): Promise<string[]> {
  const columns = await administer<object[]>(
    url,
    `SELECT table_name, column_name, column_type, is_nullable FROM information_schema.columns
     WHERE table_schema = DATABASE() ORDER BY 1, 2`,
  );
  const indexes = await administer<object[]>(
    url,
    `SELECT table_name, index_name, seq_in_index, column_name FROM information_schema.statistics
     WHERE table_schema = DATABASE() ORDER BY 1, 2, 3`,
  );
  return [...columns, ...indexes].map((row) => JSON.stringify(row));
}

/** A migration whose process dies at its statement number `dieAt`: before it ran, or after but before the answer. */
async function dieDuringMigration(
  url: string,
  { dieAt, ran }: { dieAt: number; ran: boolean },
): Promise<boolean> {
  const options = connectionOptions(url);
  const connection = await createConnection(options);
  let count = 0;
  const dying = new Proxy(connection, {
    get(target, name) {
      if (name !== 'query') return Reflect.get(target, name, target) as unknown;
      return async (text: string) => {
        const dies = count++ === dieAt;
        const result = dies && !ran ? undefined : await target.query(text);
        if (!dies) return result;
        target.destroy();
        throw new Error('died');
      };
    },
  });
  try {
    await migrateMysql(dying, options.database);
    return false;
  } catch (error) {
    expect(error).toMatchObject({ message: 'died' });
    return true;
  } finally {
    connection.destroy();
  }
}

describe.each(SERVERS)('a migration of %s that is interrupted', (flavour) => {
  let database: TestDatabase;
  afterEach(async () => {
    await database[Symbol.asyncDispose]();
  });

  it('is resumed by the next start, at whatever statement it stopped', async () => {
    database = await freshDatabase(flavour);
    await (await database.open()).close();
    const complete = await schemaOf(database.url);
    const isResumed = async (dieAt: number): Promise<boolean> => {
      await using again = await freshDatabase(flavour);
      // A statement of DDL and the records around it are three, so that each of the three dies in both ways.
      const died = await dieDuringMigration(again.url, { dieAt, ran: dieAt % 2 === 1 });
      const store = await again.open();
      expect((await create(store, taskKey('a'))).revision).toBe(1);
      expect(await schemaOf(again.url)).toEqual(complete);
      return died;
    };
    // Several at once: what takes long is the server's waiting for the disk.
    const died: boolean[] = [];
    while (!died.includes(false)) {
      const places = Array.from({ length: 8 }, (_, i) => died.length + i);
      died.push(...(await Promise.all(places.map((dieAt) => isResumed(dieAt)))));
    }
    expect(died.indexOf(false)).toBeGreaterThan(40);
  });

  it('refuses a database with tables of something else, each time, until they are gone', async () => {
    database = await freshDatabase(flavour);
    await administer(database.url, 'CREATE TABLE revisions (id INT)');
    for (let i = 0; i < 2; i++) {
      await expect(database.open()).rejects.toMatchObject({
        code: 'Unavailable',
        message: /tables of something else/,
      });
    }
    await administer(database.url, 'DROP TABLE revisions');
    await (await database.open()).check();
  });

  it('refuses a database that a newer program has migrated', async () => {
    database = await freshDatabase(flavour);
    await (await database.open()).close();
    await administer(
      database.url,
      `INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('x', 99999999999999)`,
    );
    await expect(database.open()).rejects.toMatchObject({ message: /newer version/ });
  });
});
