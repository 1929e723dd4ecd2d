import { readFileSync, readdirSync } from 'node:fs';
import {
  generateMySQLDrizzleJson,
  generateMySQLMigration,
  generateSQLiteDrizzleJson,
  generateSQLiteMigration,
} from 'drizzle-kit/api';
import { describe, expect, it } from 'vitest';
import * as mysql from './mysql/schema.ts';
import * as sqlite from './sqlite/schema.ts';

/** The schema after the newest migration, as drizzle-kit keeps it. */
function newestSnapshot(driver: string): unknown {
  const folder = new URL(`${driver}/migrations/meta/`, import.meta.url);
  const name = readdirSync(folder)
    .filter((file) => file.endsWith('_snapshot.json'))
    .sort()
    .at(-1);
  return JSON.parse(readFileSync(new URL(name ?? '', folder), 'utf8'));
}

describe('the committed migrations lead to the schema', () => {
  it('of SQLite', async () => {
    const now = await generateSQLiteDrizzleJson(sqlite);
    expect(await generateSQLiteMigration(newestSnapshot('sqlite') as typeof now, now)).toEqual([]);
  });

  it('of MySQL', async () => {
    const now = await generateMySQLDrizzleJson(mysql);
    expect(await generateMySQLMigration(newestSnapshot('mysql') as typeof now, now)).toEqual([]);
  });
});
