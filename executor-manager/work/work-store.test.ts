import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WorkStore } from './work-store.ts';

let folder: string;
let store: WorkStore;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'troupe-work-'));
  store = new WorkStore(path.join(folder, 'work'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const key = { taskUID: 't1', sandboxUID: 's1' };
const options = { task: { namespace: 'default', name: 'fix' }, limitBytes: 100 };

async function* chunks(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}

const readAll = async (at = key): Promise<string | undefined> => {
  const kept = await store.find(at);
  return kept && (await buffer(kept.read())).toString();
};

describe('the store of kept work', () => {
  it('gives back what was kept, for its owner only, and knows whose it is', async () => {
    await store.keep(key, chunks('one ', 'two'), options);
    expect(await readAll()).toBe('one two');
    expect((await store.find(key))?.bytes).toBe(7);
    expect((await stat(path.join(folder, 'work', 't1', 's1.tar'))).mode & 0o777).toBe(0o600);
    expect(await store.find({ taskUID: 't1', sandboxUID: 'other' })).toBeUndefined();
    expect(await store.tasks()).toEqual([{ taskUID: 't1', task: options.task }]);
  });

  it('has what it had before until something else is whole', async () => {
    async function* broken(): AsyncGenerator<Buffer> {
      yield Buffer.from('half');
      throw new Error('the runner was killed');
    }
    await expect(store.keep(key, broken(), options)).rejects.toThrow('the runner was killed');
    expect(await readAll(), 'never half').toBeUndefined();
    await store.keep(key, chunks('first'), options);
    await expect(store.keep(key, broken(), options)).rejects.toThrow('killed');
    expect(await readAll()).toBe('first');
    await store.keep(key, chunks('second'), options);
    expect(await readAll()).toBe('second');
    expect(await readdir(path.join(folder, 'work', 't1'))).toEqual(['s1.tar', 'task.json']);
  });

  it('replaces what a kill has left unfinished', async () => {
    await store.keep({ ...key, sandboxUID: 's0' }, chunks('x'), options);
    await writeFile(path.join(folder, 'work', 't1', 's1.tar.unfinished'), 'much more than the next one');
    expect(await readAll()).toBeUndefined();
    await store.keep(key, chunks('whole'), options);
    expect(await readAll()).toBe('whole');
  });

  it('keeps no more than the limit', async () => {
    const large = store.keep(key, chunks('x'.repeat(60), 'y'.repeat(60)), options);
    await expect(large).rejects.toMatchObject({ reason: 'RequestEntityTooLarge' });
    expect(await readAll()).toBeUndefined();
  });

  it('finds the newest of a Task', async () => {
    expect(await store.newest('t1')).toBeUndefined();
    for (const [index, sandboxUID] of ['b', 'c', 'a'].entries()) {
      await store.keep({ taskUID: 't1', sandboxUID }, chunks(sandboxUID), options);
      await utimes(path.join(folder, 'work', 't1', `${sandboxUID}.tar`), index, index);
    }
    const kept = await store.newest('t1');
    expect(kept && (await buffer(kept.read())).toString()).toBe('a');
  });

  it('shows a Task whose name a full disk has lost, and the others', async () => {
    await store.keep(key, chunks('x'), options);
    for (const [taskUID, text] of Object.entries({ t2: '', t3: '{"name":', t4: '{}' })) {
      await mkdir(path.join(folder, 'work', taskUID));
      await writeFile(path.join(folder, 'work', taskUID, 'task.json'), text);
    }
    await mkdir(path.join(folder, 'work', 't5'));
    await writeFile(path.join(folder, 'work', 'a file'), '');
    expect((await store.tasks()).map(({ taskUID, task }) => [taskUID, task?.name])).toEqual([
      ['t1', 'fix'],
      ...['t2', 't3', 't4', 't5'].map((uid) => [uid, undefined]),
    ]);
    await store.keep({ taskUID: 't2', sandboxUID: 's' }, chunks('x'), options);
    expect((await store.tasks())[1]?.task, 'known again with the next work').toEqual(options.task);
  });

  it('removes at the start what was left half written', async () => {
    await store.removeUnfinished();
    await store.keep(key, chunks('whole'), options);
    for (const name of ['s2.tar.unfinished', 'task.json.0123.tmp']) {
      await writeFile(path.join(folder, 'work', 't1', name), 'half');
    }
    await store.removeUnfinished();
    expect(await readdir(path.join(folder, 'work', 't1'))).toEqual(['s1.tar', 'task.json']);
  });

  it('removes the work of one run', async () => {
    await store.keep(key, chunks('x'), options);
    await store.remove(key);
    await store.remove(key);
    expect(await readAll()).toBeUndefined();
  });

  it('forgets a Task with all of it', async () => {
    await store.keep(key, chunks('x'), options);
    await store.keep({ taskUID: 't2', sandboxUID: 's' }, chunks('x'), options);
    await store.removeTask('t1');
    await store.removeTask('t1');
    expect((await store.tasks()).map(({ taskUID }) => taskUID)).toEqual(['t2']);
  });

  it('forgets a Task that is gone with the last of its work', async () => {
    const other = { ...key, sandboxUID: 's2' };
    await store.keep(key, chunks('x'), options);
    await store.keep(other, chunks('y'), options);
    await store.removeLast(key);
    expect([await store.find(key), await store.find(other)]).toEqual([undefined, expect.anything()]);
    await store.removeLast(other);
    await store.removeLast(other);
    expect(await store.tasks()).toEqual([]);
  });

  it.each(['../t2', 'a/b', '', '.', 'task.json'])('takes "%s" for no uid', async (uid) => {
    await store.keep({ taskUID: 't2', sandboxUID: 's' }, chunks('x'), options);
    await expect(store.find({ taskUID: uid, sandboxUID: 's' })).rejects.toThrow('spec.taskRef.uid');
    await expect(store.find({ taskUID: 't2', sandboxUID: uid })).rejects.toThrow('spec.continueFrom');
    expect(() => store.removeTask(uid)).toThrow('spec.taskRef.uid');
    expect(await store.tasks()).toHaveLength(1);
  });
});
