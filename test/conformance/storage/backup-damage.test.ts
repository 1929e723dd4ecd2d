import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '#api/machinery/logger';
import type { Store } from '#api/storage/contract/store';
import { openStore } from '#api/storage/open-store';
import { backupOf, execute, linesOf, packed, restore } from './backups.ts';
import { DRIVERS, SERVERS, administer, freshDatabase } from './databases.ts';
import type { TestDatabase } from './databases.ts';
import { TASKS, collect, create, taskKey, valueOf } from './objects.ts';

let source: TestDatabase;
let target: TestDatabase;
let store: Store;
let backup: Buffer;

beforeEach(async () => {
  source = await freshDatabase('sqlite');
  store = await source.open();
  const value = (i: number): string => `${i} ${'x'.repeat(50_000)}`;
  await Promise.all(Array.from({ length: 50 }, (_, i) => create(store, taskKey(`t${i}`), value(i))));
  await store.log.append({
    taskUID: 'u',
    source: 's',
    events: [{ sourceSeq: 1, time: 't', type: 'log', data: {} }],
  });
  backup = await backupOf(store);
});
afterEach(async () => {
  await target[Symbol.asyncDispose]();
  await source[Symbol.asyncDispose]();
});

const fileOf = (database: TestDatabase): string => database.url.slice('sqlite:'.length);

describe('a file that is no whole backup', () => {
  beforeEach(async () => {
    target = await freshDatabase('sqlite');
  });

  const isRefused = async (file: Buffer, message: RegExp): Promise<void> => {
    await expect(restore(file, target)).rejects.toMatchObject({ name: 'BackupError', message });
    expect(existsSync(fileOf(target)), 'nothing was written').toBe(false);
  };

  const isSame = (damaged: Buffer): boolean => {
    try {
      return gunzipSync(damaged).equals(gunzipSync(backup));
    } catch {
      return false; // it cannot even be unpacked
    }
  };

  it('is refused wherever it is cut', async () => {
    const { length } = backup;
    for (const at of [1, 9, 10, 200, length >> 1, length - 100, length - 9, length - 1]) {
      await isRefused(backup.subarray(0, at), /cut|no backup/);
    }
    await isRefused(Buffer.alloc(0), /cut|no backup/);
    const lines = linesOf(backup);
    for (const count of [1, 2, 3, 20, lines.length - 1])
      await isRefused(packed(lines.slice(0, count)), /cut/);
  });

  it('is refused wherever a byte is another', async () => {
    for (let at = 3; at < backup.length; at += backup.length >> 5) {
      // Of the head of gzip these bytes mean nothing: time and system.
      if (at < 10) continue;
      const damaged = Buffer.from(backup);
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      // A few bits of a compressed text mean nothing.
      if (isSame(damaged)) continue;
      await isRefused(damaged, /cut|damaged|no backup/);
    }
    const lines = linesOf(backup);
    const changed = lines.findIndex((line) => line.includes('"t7"'));
    await isRefused(packed(lines.with(changed, lines[changed]!.replace('7 x', '8 x'))), /its sum/);
    await isRefused(packed(lines.toSpliced(changed, 1)), /its sum/);
    await isRefused(packed([...lines, lines[changed]!]), /follows its end/);
    await isRefused(packed(lines.with(changed, '["a"]')), /does not fit/);
    await isRefused(packed(lines.with(changed, '["a')), /no JSON/);
    await isRefused(packed(lines.with(2, '{"table":"progress","columns":["name"]}')), /not known/);
    await isRefused(packed(lines.with(2, '{"table":"objects","columns":["name FROM x"]}')), /not known/);
  });

  it('is refused when it is something else', async () => {
    await isRefused(Buffer.from('{"format":"troupe-backup"}\n'), /no backup/);
    await isRefused(gzipSync('SQLite format 3'), /no backup|cut/);
    await isRefused(packed(['{"kind":"List"}']), /no backup/);
    await isRefused(packed(['[]']), /no backup/);
    await isRefused(packed(['null']), /no backup/);
  });

  it('is refused when a newer program wrote it, which is named', async () => {
    const [head = '', ...rest] = linesOf(backup);
    const header = JSON.parse(head) as { schema: number; version: number };
    for (const newer of [{ version: header.version + 1 }, { schema: header.schema + 1 }]) {
      const line = JSON.stringify({ ...header, ...newer, troupe: '9.8.7' });
      await isRefused(packed([line, ...rest]), /newer version of troupe \(9\.8\.7/);
    }
  });

  it('is refused also when it changes after it was checked; no server starts until a restore was whole', async () => {
    let reads = 0;
    async function* changing(): AsyncGenerator<Buffer> {
      yield reads++ === 0 ? backup : backup.subarray(0, backup.length - 20);
    }
    await expect(restore(backup, target, { read: changing })).rejects.toMatchObject({ message: /cut/ });
    await expect(target.open()).rejects.toMatchObject({ message: /troupe restore again/ });
    await restore(backup, target);
    expect((await (await target.open()).list({ resource: TASKS })).items).toHaveLength(50);
  });
});

describe.each(DRIVERS)('a restore into %s', (driver) => {
  beforeEach(async () => {
    target = await freshDatabase(driver);
  });

  it('that is killed leaves a database that no server takes, and is repeated from the beginning', async () => {
    const random = (): string => randomBytes(60_000).toString('base64');
    await Promise.all(Array.from({ length: 40 }, (_, i) => create(store, taskKey(`r${i}`), random())));
    const file = path.join(path.dirname(fileOf(source)), 'half');
    const whole = await backupOf(store);
    await writeFile(file, whole);
    const child = fork(new URL('restore-and-hang.ts', import.meta.url), [file, target.url]);
    await once(child, 'message');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const [[row]] = (await execute(target, ['SELECT COUNT(*) AS n FROM objects'])) as [[{ n: number }]];
    expect(row.n, 'half of it').toBeGreaterThan(0);
    expect(row.n).toBeLessThan(90);
    await expect(openStore({ url: target.url, logger: silentLogger })).rejects.toMatchObject({
      code: 'Unavailable',
      message: /did not come to its end; run troupe restore again/,
    });
    await restore(whole, target);
    const after = await target.open();
    expect((await after.list({ resource: TASKS })).items.map((item) => item.json())).toEqual(
      (await store.list({ resource: TASKS })).items.map((item) => item.json()),
    );
    await create(after, taskKey('new'));
  });

  it('is refused while a server has the database', async () => {
    const serving = await target.open();
    await create(serving, taskKey('mine'));
    await expect(restore(backup, target, { replace: () => undefined })).rejects.toMatchObject({
      code: 'Unavailable',
      message: /stop every troupe server|another process has the database/,
    });
    expect(valueOf(await serving.get(taskKey('mine')))).toBe(0);
  });

  it('is refused when something is in the database, unless it is to be destroyed', async () => {
    const mine = await target.open();
    await create(mine, taskKey('mine'));
    await mine.close();
    await expect(restore(backup, target)).rejects.toMatchObject({
      message: /not empty \(1 objects .* revision 1\)/,
    });
    const told: number[] = [];
    await restore(backup, target, { replace: ({ objects }) => void told.push(objects) });
    expect(told).toEqual([1]);
    const after = await target.open();
    expect(await after.get(taskKey('mine'))).toBeUndefined();
    expect((await after.list({ resource: TASKS })).items).toHaveLength(50);
  });
});

/** It is forbidden, but storage may put a whole database in the place of one that is in use. */
describe.each(SERVERS)('a restored database under replicas that run on %s', (driver) => {
  it('is noticed: watchers list anew, and everybody goes on with what is there', async () => {
    target = await freshDatabase(driver);
    const options = { pollMs: 3_600_000 };
    const replicas = [await target.open({ options }), await target.open({ options })] as const;
    const mine = await create(replicas[0], taskKey('mine'));
    await replicas[1].get(taskKey('mine'));
    const watching = replicas.map((replica) => collect(replica, { after: mine.revision, count: 1 }));
    for (const watch of watching) watch.catch(() => undefined);
    await using other = await freshDatabase(driver);
    const { revision } = await restore(backup, other);
    const [to, from] = [target, other].map(({ url }) => new URL(url).pathname.slice(1));
    for (const table of [
      'objects',
      'revisions',
      'revision_counter',
      'task_logs',
      'task_events',
      'task_sources',
    ]) {
      await administer(target.url, `DELETE FROM ${to}.${table}`);
      await administer(target.url, `INSERT INTO ${to}.${table} SELECT * FROM ${from}.${table}`);
    }
    for (const [i, replica] of replicas.entries()) {
      expect((await replica.list({ resource: TASKS })).items).toHaveLength(50);
      expect(await replica.get(taskKey('mine'))).toBeUndefined();
      await expect(watching[i]).rejects.toMatchObject({ code: 'Compacted' });
    }
    expect((await create(replicas[1], taskKey('next'))).revision).toBe(revision + 1);
    expect(valueOf(await replicas[0].get(taskKey('next')))).toBe(0);
  });
});

describe('copies that a backup of SQLite makes', () => {
  const copies = (): string[] =>
    readdirSync(path.dirname(fileOf(source))).filter((name) => name.includes('.backup-'));

  beforeEach(async () => {
    target = await freshDatabase('sqlite');
  });

  it('are gone however the backup ends', async () => {
    expect(copies(), 'read to the end').toEqual([]);
    for await (const _ of store.backup(new AbortController().signal)) {
      expect(copies()).toHaveLength(1);
      break;
    }
    expect(copies(), 'left by its reader').toEqual([]);
    const stop = new AbortController();
    const aborted = store.backup(stop.signal)[Symbol.asyncIterator]().next();
    stop.abort(new Error('gone'));
    await expect(aborted).rejects.toThrow('gone');
    expect(copies(), 'aborted').toEqual([]);
    const closing = store.backup(new AbortController().signal)[Symbol.asyncIterator]();
    const first = closing.next();
    await store.close();
    await expect(first).rejects.toMatchObject({ code: 'Closed' });
    expect(copies(), 'closed').toEqual([]);
  });

  it('of a server that was killed are removed by the next', async () => {
    const child = fork(new URL('backup-and-hang.ts', import.meta.url), [target.url]);
    await once(child, 'message');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const folder = path.dirname(fileOf(target));
    expect(readdirSync(folder).filter((name) => name.includes('.backup-'))).toHaveLength(1);
    await target.open();
    expect(readdirSync(folder).filter((name) => name.includes('.backup-'))).toEqual([]);
  });
});
