import { describe, expect, it } from 'vitest';
import { StorageError } from '../contract/storage-error.ts';
import type { StoreEvent } from '../contract/objects.ts';
import { Watcher } from './watcher.ts';

const event = (revision: number, text = '') => ({ revision, object: { json: () => text } }) as StoreEvent;
const limits = (events: number) => ({ events, bytes: 1_000 });

describe('Watcher', () => {
  it('gives what was buffered batch by batch, and waits for what comes', async () => {
    const watcher = new Watcher(limits(10));
    watcher.push([event(1)]);
    watcher.push([event(2), event(3)]);
    expect((await watcher.next())?.map(({ revision }) => revision)).toEqual([1]);
    expect((await watcher.next())?.map(({ revision }) => revision)).toEqual([2, 3]);
    const waiting = watcher.next();
    watcher.push([event(4)]);
    expect((await waiting)?.map(({ revision }) => revision)).toEqual([4]);
  });

  it('fails when more would wait than it holds, and stays failed', async () => {
    const watcher = new Watcher(limits(2));
    watcher.push([event(1), event(2)]);
    watcher.push([event(3)]);
    await expect(watcher.next()).rejects.toMatchObject({ code: 'TooSlow' });
    await expect(watcher.next()).rejects.toMatchObject({ code: 'TooSlow' });
  });

  it('fails when more is written while large events wait, and not when they were taken', async () => {
    const watcher = new Watcher(limits(10));
    watcher.push([event(1, 'x'.repeat(2_000))]);
    expect(await watcher.next()).toHaveLength(1);
    watcher.push([event(2, 'x'.repeat(2_000))]);
    watcher.push([event(3)]);
    await expect(watcher.next()).rejects.toMatchObject({ code: 'TooSlow' });
  });

  it.each([
    ['end', (watcher: Watcher) => watcher.end(), undefined],
    ['fail', (watcher: Watcher) => watcher.fail(new StorageError('Closed', 'x')), 'Closed'],
  ])('wakes a waiting reader on %s', async (_name, act, code) => {
    const watcher = new Watcher(limits(2));
    const waiting = watcher.next().catch((error: StorageError) => error.code);
    act(watcher);
    expect(await waiting).toBe(code);
  });
});
