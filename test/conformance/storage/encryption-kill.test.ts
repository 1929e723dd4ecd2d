import { fork } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DRIVERS, freshDatabase } from './databases.ts';
import type { TestDatabase } from './databases.ts';
import { dumpOf, rawBytesOf, run, settled } from './encryption.ts';
import { collect, create, TASKS, taskKey } from './objects.ts';
import { rootKeysInMemory } from './root-keys.ts';

const OBJECTS = 500;

describe.each(DRIVERS)('a process on %s that is killed while it encrypts what was plain', (driver) => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await freshDatabase(driver);
  });
  afterEach(() => database[Symbol.asyncDispose]());

  it('leaves its work half done, and the next start finishes it', async () => {
    const before = await database.open();
    const keys = Array.from({ length: OBJECTS }, (_, i) => taskKey(`a${i}`));
    await Promise.all(keys.map((key) => create(before, key, 'MARKER')));
    const events = await collect(before, { after: 0, count: OBJECTS });
    await before.close();
    const rootKey = Buffer.alloc(32, 1).toString('base64');
    const child = fork(new URL('rewrite-and-die.ts', import.meta.url), [database.url, rootKey]);
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    const count = "SELECT COUNT(*) AS plain FROM revisions WHERE body NOT LIKE 'enc:v1:%'";
    expect(await run(database, count)).toEqual([{ plain: OBJECTS - 200 }]);
    const encryption = { resources: new Set([TASKS]), rootKeys: rootKeysInMemory(rootKey) };
    const store = await database.open({ encryption });
    expect((await settled(store)).dataKeys).toMatchObject([{ rows: OBJECTS }]);
    expect(await collect(store, { after: 0, count: OBJECTS })).toEqual(events);
    const raw = await rawBytesOf(database);
    await store.close();
    expect(raw + (await dumpOf(database)) + (await rawBytesOf(database))).not.toContain('MARKER');
  });
});
