import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Unstructured } from '#api/machinery/meta';
import type { StorageKey } from '#api/storage/contract/objects';
import { DRIVERS, freshDatabase, SERVERS } from './databases.ts';
import type { TestDatabase } from './databases.ts';
import { dumpOf, rawBytesOf, run, settled } from './encryption.ts';
import { collect, create, remove, TASKS, taskKey, update, valueOf } from './objects.ts';
import { rootKeysInMemory } from './root-keys.ts';
import type { MemoryRootKeys } from './root-keys.ts';

const KINDS = ['secrets', 'models.agent.wecode.io', 'ghosts.agent.wecode.io'];
const TIME = '2026-01-02T03:04:05.000006Z';

function marked(key: StorageKey, mark: string): Unstructured {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: key.name,
      namespace: key.namespace,
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': `{"data":"${mark}-applied"}` },
      managedFields: [
        { manager: 'm', operation: 'Update', fieldsV1: { [`k:{"name":"${mark}-field"}`]: {} } },
      ],
    },
    spec: { password: `${mark}-spec`, text: '"\\ äöü 😀 \u2028' },
  };
}

describe.each(DRIVERS)('encryption at rest on %s', (driver) => {
  let database: TestDatabase;
  let rootKeys: MemoryRootKeys;
  const encrypting = (...resources: string[]) => ({
    encryption: { resources: new Set(resources), rootKeys },
  });

  beforeEach(async () => {
    database = await freshDatabase(driver);
    rootKeys = rootKeysInMemory();
  });
  afterEach(() => database[Symbol.asyncDispose]());

  it('leaves no plain text in any table or file, whatever was done to the objects', async () => {
    const store = await database.open(encrypting(...KINDS, TASKS));
    for (const resource of [...KINDS, 'configmaps']) {
      const mark = resource === 'configmaps' ? 'seen' : 'MARKER';
      const key = { resource, namespace: 'default', name: 'a' };
      const made = await store.commit({ op: 'create', key, object: marked(key, `${mark}-1`) });
      const expectedRevision = made.revision;
      const changed = await store.commit({
        op: 'update',
        key,
        object: marked(key, `${mark}-2`),
        expectedRevision,
      });
      await store.commit({ op: 'delete', key, expectedRevision: changed.revision });
      const other = { ...key, name: 'b' };
      await store.commit({ op: 'create', key: other, object: marked(other, `${mark}-3`) });
    }
    const data = { text: 'MARKER-event' };
    await store.log.append({
      source: 's',
      taskUID: 'u',
      events: [{ sourceSeq: 1, time: TIME, type: 'text', data }],
      messages: [{ role: 'USER', content: 'MARKER-message', time: TIME }],
    });
    expect(await store.log.read({ taskUID: 'u', after: 0, limit: 9 })).toMatchObject([{ seq: 1, data }]);
    expect(await store.log.messages({ taskUID: 'u', after: 0, limit: 9 })).toMatchObject([
      { id: 1, content: 'MARKER-message' },
    ]);
    const rawWhileOpen = await rawBytesOf(database);
    await store.close();
    const dump = await dumpOf(database);
    expect(dump, 'the dump shows what is plain').toContain('seen-2-spec');
    expect(dump).not.toContain('MARKER');
    expect(rawWhileOpen + (await rawBytesOf(database))).not.toContain('MARKER');
    const again = await database.open({ encryption: { resources: new Set<string>(), rootKeys } });
    const kept = await again.get({ resource: 'secrets', namespace: 'default', name: 'b' });
    const object = marked({ resource: 'secrets', namespace: 'default', name: 'b' }, 'MARKER-3');
    expect(kept?.object, 'a kind that is not listed any more is read all the same').toMatchObject(object);
    const events = await collect(again, { after: 0, count: 4, resource: 'secrets' });
    expect(events.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'DELETED', 'ADDED']);
    expect(events[2]?.previous?.json()).toContain('MARKER-2-spec');
  });

  it('encrypts a database from before in the background, its history and logs too', async () => {
    const before = await database.open();
    const mark = 'MARKER';
    let current = await create(before, taskKey('a'), `${mark}-0`);
    for (let i = 1; i <= 20; i++) current = await update(before, current, `${mark}-${i}`);
    const gone = await create(before, taskKey('gone'), `${mark}-gone`);
    await remove(before, gone);
    const contents = [`${mark} said`, 'enc:v1:is what this text begins with', 'enc:v0:and this'];
    await before.log.append({
      source: 's',
      taskUID: 'u',
      events: [{ sourceSeq: 1, time: TIME, type: 'text', data: { text: mark } }],
      messages: contents.map((content) => ({ role: 'USER', content, time: TIME })),
    });
    const events = await collect(before, { after: 0, count: 23 });
    await before.close();
    expect(await dumpOf(database)).toContain(mark);
    const store = await database.open(encrypting(TASKS));
    expect((await settled(store)).dataKeys[0]?.rows).toBe(22 + 1 + 3);
    expect(await collect(store, { after: 0, count: 23 })).toEqual(events);
    expect((await store.list({ resource: TASKS })).revision, 'no revision was made').toBe(23);
    const messages = await store.log.messages({ taskUID: 'u', after: 0, limit: 9 });
    expect(messages.map(({ content }) => content)).toEqual(contents);
    const raw = await rawBytesOf(database);
    await store.close();
    expect(raw + (await dumpOf(database)) + (await rawBytesOf(database))).not.toContain(mark);
  });

  it('rotates while it is used: what was written is read, and the old key is gone', async () => {
    const store = await database.open(encrypting(TASKS));
    let current = await create(store, taskKey('a'), 0);
    for (let i = 1; i <= 300; i++) current = await update(store, current, i);
    const [old] = (await store.encryption.status()).dataKeys;
    const { dataKey } = await store.encryption.rotate({ newRoot: false });
    current = await update(store, current, 301);
    const status = await settled(store);
    expect(status.dataKeys).toMatchObject([{ id: dataKey, rows: 302 }]);
    expect(dataKey).not.toBe(old?.id);
    const events = await collect(store, { after: 0, count: 302 });
    expect(events.map(({ object }) => valueOf(object))).toEqual(Array.from({ length: 302 }, (_, i) => i));
    await store.close();
    expect(await dumpOf(database)).not.toContain(old?.id);
    const again = await database.open(encrypting(TASKS));
    expect(valueOf(await again.get(taskKey('a')))).toBe(301);
  });

  it('makes a new root key on top of the old ones, which can then be taken out', async () => {
    const store = await database.open(encrypting(TASKS));
    await create(store, taskKey('a'), 'kept');
    const { rootKey } = await store.encryption.rotate({ newRoot: true });
    expect((await settled(store)).rootKeys).toMatchObject([{ id: rootKey, dataKeys: 1 }, { dataKeys: 0 }]);
    await store.close();
    const lines = (rootKeys.text ?? '').trim().split('\n');
    rootKeys.text = lines.slice(0, -1).join('\n');
    expect(valueOf(await (await database.open(encrypting(TASKS))).get(taskKey('a')))).toBe('kept');
  });

  it('refuses to start with other root keys, or without, and names the keys that it needs', async () => {
    const store = await database.open(encrypting(TASKS));
    await create(store, taskKey('a'));
    const { dataKeys, rootKeys: roots } = await store.encryption.status();
    await store.close();
    const needs = new RegExp(`needs the root key ${roots[0]?.id} for the data keys ${dataKeys[0]?.id}`);
    const kept = rootKeys.text;
    rootKeys.text = undefined;
    await expect(database.open(encrypting(TASKS))).rejects.toMatchObject({
      code: 'Undecryptable',
      message: needs,
    });
    expect(rootKeys.text, 'no new key hides the loss').toBeUndefined();
    rootKeys.text = Buffer.alloc(32, 1).toString('base64');
    await expect(database.open(encrypting())).rejects.toMatchObject({
      code: 'Undecryptable',
      message: needs,
    });
    await expect(database.open()).rejects.toMatchObject({ code: 'Undecryptable', message: needs });
    rootKeys.text += `\n${kept}`;
    expect(
      await (await database.open(encrypting(TASKS))).get(taskKey('a')),
      'others only unwrap',
    ).toBeDefined();
  });

  it.each([
    [
      'moved from another object',
      `UPDATE revisions SET body = OTHER WHERE revision = 1`,
      /tasks.agent.wecode.io default\/a \(revision 1\) cannot be decrypted with data key k1-/,
    ],
    [
      'changed in one character',
      `UPDATE revisions SET body = concat(substr(body, 1, 60), 'A', substr(body, 62)) WHERE revision = 1`,
      /damaged, changed or moved/,
    ],
    [
      'cut off',
      `UPDATE revisions SET body = substr(body, 1, 60) WHERE revision = 1`,
      /damaged, changed or moved/,
    ],
    [
      'of a key that is gone',
      `UPDATE revisions SET body = 'enc:v1:k9-0:AAAA' WHERE revision = 1`,
      /there is no data key k9-0/,
    ],
  ])('says which text was %s', async (_, statement, message) => {
    const store = await database.open(encrypting(TASKS));
    await create(store, taskKey('a'), 'x');
    await create(store, taskKey('b'), 'xx');
    await store.close();
    const bodies = await run<{ body: Buffer | string }[]>(
      database,
      'SELECT body FROM revisions ORDER BY revision',
    );
    const [own = '', other = ''] = bodies.map(({ body }) => String(body));
    const changed = statement.replace('OTHER', `'${other}'`).replace("'A'", own[60] === 'A' ? "'B'" : "'A'");
    await run(database, changed);
    await expect(database.open(encrypting(TASKS))).rejects.toMatchObject({ code: 'Undecryptable', message });
  });
});

describe.each(SERVERS)('replicas that encrypt on %s', (driver) => {
  let database: TestDatabase;
  const rootKeys = rootKeysInMemory();
  const open = (resources: string[] = [TASKS]) =>
    database.open({ encryption: { resources: new Set(resources), rootKeys }, options: { pollMs: 20 } });

  beforeEach(async () => {
    rootKeys.text = undefined;
    database = await freshDatabase(driver);
  });
  afterEach(() => database[Symbol.asyncDispose]());

  it('start together on one root key and one data key', async () => {
    const stores = await Promise.all([open(), open(), open()]);
    const made = await Promise.all(stores.map((store, i) => create(store, taskKey(`a${i}`), i)));
    expect(made).toHaveLength(3);
    const all = await Promise.all(stores.map((store) => settled(store)));
    expect(new Set(all.map(({ dataKeys }) => dataKeys[0]?.id)).size).toBe(1);
  });

  it('refuse a second one that has made a root key of its own', async () => {
    await open();
    const other = rootKeysInMemory(Buffer.alloc(32, 1).toString('base64'));
    const encryption = { resources: new Set([TASKS]), rootKeys: other };
    await expect(database.open({ encryption })).rejects.toMatchObject({
      message: /put the file of the server/,
    });
  });

  it('write nothing under an old key once one of them has rotated', async () => {
    const [one, other] = await Promise.all([open(), open()]);
    await create(other, taskKey('before'));
    const { dataKey } = await one.encryption.rotate({ newRoot: true });
    await create(other, taskKey('after'));
    const event = { sourceSeq: 1, time: TIME, type: 'text' as const, data: { text: 'x' } };
    await other.log.append({ source: 's', taskUID: 'u', events: [event] });
    const rows = await run<{ text: Buffer }[]>(
      database,
      "SELECT data AS text FROM task_events UNION ALL SELECT body FROM revisions WHERE name = 'after'",
    );
    expect(rows.map(({ text }) => String(text).split(':')[2])).toEqual([dataKey, dataKey]);
    expect(await one.log.read({ taskUID: 'u', after: 0, limit: 9 })).toMatchObject([event]);
  });

  it('rotate side by side under load: nothing is lost, and no watch sees any of it', async () => {
    const [one, other] = await Promise.all([open(), open()]);
    const replicas = [one, other] as const;
    const seen = collect(other, { after: 0, count: 4 * 60 });
    const writers = Array.from({ length: 4 }, async (_, w) => {
      const store = replicas[w % 2] ?? one;
      let current = await create(store, taskKey(`w${w}`), 0);
      for (let i = 1; i < 60; i++) current = await update(store, current, i);
    });
    const rotations = replicas.map(async (store) => {
      for (let i = 0; i < 3; i++) await store.encryption.rotate({ newRoot: i === 1 });
    });
    await Promise.all([...writers, ...rotations]);
    const events = await seen;
    expect(events.map(({ revision }) => revision)).toEqual(Array.from({ length: 240 }, (_, i) => i + 1));
    for (let w = 0; w < 4; w++) {
      const own = events.filter(({ object }) => object.key.name === `w${w}`);
      expect(own.map(({ object }) => valueOf(object))).toEqual(Array.from({ length: 60 }, (_, i) => i));
    }
    const status = await settled(one);
    expect(status.dataKeys[0]?.rows).toBe(240);
    expect((await one.list({ resource: TASKS })).revision, 'no revision was made').toBe(240);
    const rows = await run<{ head: Buffer }[]>(database, 'SELECT substr(body, 1, 30) AS head FROM revisions');
    const keys = new Set(rows.map(({ head }) => String(head).split(':')[2]));
    expect([...keys]).toEqual([status.dataKeys[0]?.id]);
  });
});
