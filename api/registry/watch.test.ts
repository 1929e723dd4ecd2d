import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../machinery/clock.ts';
import { silentLogger } from '../machinery/logger.ts';
import { API_SERVER_USER } from '../machinery/users/user.ts';
import { loadDefinitions } from '../schema/load-crds.ts';
import type { Store } from '../storage/contract/store.ts';
import { openStore } from '../storage/open-store.ts';
import { createInitialNamespaces } from './initial-namespaces.ts';
import { createCatalog } from './catalog.ts';
import { createRegistry } from './registry.ts';
import type { Registry } from './registry.ts';
import type { WatchItem, WatchQuery } from './requests.ts';
import type { Resource } from './resource.ts';

/** Timers fire when the test says so. */
const timers = new Set<() => void>();
const clock: Clock = {
  now: () => Date.UTC(2026, 10, 21),
  after(_ms, fn) {
    timers.add(fn);
    return () => timers.delete(fn);
  },
};

function fireTimers(): void {
  for (const fire of [...timers]) {
    timers.delete(fire);
    fire();
  }
}

let store: Store;
let registry: Registry;
const catalog = createCatalog(loadDefinitions());

beforeAll(async () => {
  store = await openStore({ url: 'sqlite::memory:', logger: silentLogger });
  registry = createRegistry({ catalog, store, clock });
  await createInitialNamespaces(registry);
});

afterAll(() => store.close());

const user = API_SERVER_USER;
const write = { user, dryRun: false, fieldValidation: 'Strict' } as const;

function ghosts(): Resource {
  const found = registry.catalog.current().find(({ kind }) => kind === 'Ghost');
  if (found === undefined) throw new Error('no kind Ghost');
  return found;
}

async function create(name: string, labels: Record<string, string> = {}): Promise<string> {
  const body = {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Ghost',
    metadata: { name, labels },
    spec: { systemPrompt: 'x' },
  };
  const result = await registry.create({ resource: ghosts(), namespace: 'default', body, ...write });
  return result.object.object.metadata.resourceVersion ?? '';
}

async function patch(name: string, body: unknown): Promise<void> {
  const target = { resource: ghosts(), namespace: 'default', name };
  await registry.patch({ target, type: 'merge', body, ...write });
}

const remove = (name: string): Promise<unknown> =>
  registry.delete({ user, target: { resource: ghosts(), namespace: 'default', name }, dryRun: false });

/** A watch whose events a test takes one by one. */
function watch(query: Partial<WatchQuery>): { next(): Promise<WatchItem>; [Symbol.dispose](): void } {
  const abort = new AbortController();
  const events = registry.watch({
    user,
    resource: ghosts(),
    namespace: 'default',
    allowWatchBookmarks: false,
    ...query,
    signal: abort.signal,
  });
  const batches = events[Symbol.asyncIterator]();
  const ready: WatchItem[] = [];
  return {
    async next() {
      while (ready.length === 0) {
        const { value, done } = await batches.next();
        if (done === true) throw new Error('the watch ended');
        ready.push(...value);
      }
      return ready.shift() as WatchItem;
    },
    [Symbol.dispose]: () => abort.abort(),
  };
}

const brief = (item: WatchItem): string =>
  item.type === 'BOOKMARK'
    ? `BOOKMARK${item.initialEventsEnd ? ' end' : ''}`
    : `${item.type} ${item.object.object.metadata.name}`;

describe('watch', () => {
  it('goes on from a revision, and from the present without one', async () => {
    const before = await create('w1');
    await create('w2');
    using later = watch({ resourceVersion: before });
    expect(brief(await later.next())).toBe('ADDED w2');
    using all = watch({ fieldSelector: 'metadata.name=w1' });
    expect(brief(await all.next())).toBe('ADDED w1');
    await patch('w1', { metadata: { labels: { a: 'b' } } });
    expect(brief(await all.next())).toBe('MODIFIED w1');
    await remove('w1');
    expect(brief(await all.next())).toBe('DELETED w1');
  });

  it('shows what enters and leaves a selection', async () => {
    const from = await create('s1', { app: 'no' });
    using selected = watch({ resourceVersion: from, labelSelector: 'app=yes' });
    await patch('s1', { metadata: { labels: { app: 'yes' } } });
    expect(brief(await selected.next())).toBe('ADDED s1');
    await patch('s1', { metadata: { labels: { app: 'no' } } });
    const left = await selected.next();
    expect(brief(left)).toBe('DELETED s1');
    const { object } = await registry.get({
      user,
      target: { resource: ghosts(), namespace: 'default', name: 's1' },
    });
    expect(left, 'the content before, the revision of now').toMatchObject({
      object: {
        object: { metadata: { labels: { app: 'yes' }, resourceVersion: object.metadata.resourceVersion } },
      },
    });
    await create('s2', { app: 'yes' });
    await remove('s2');
    expect([brief(await selected.next()), brief(await selected.next())]).toEqual(['ADDED s2', 'DELETED s2']);
  });

  it('sends the state first and marks its end', async () => {
    await create('i1', { only: 'me' });
    using listed = watch({
      labelSelector: 'only=me',
      allowWatchBookmarks: true,
      sendInitialEvents: true,
      resourceVersion: '0',
      resourceVersionMatch: 'NotOlderThan',
    });
    expect([brief(await listed.next()), brief(await listed.next())]).toEqual(['ADDED i1', 'BOOKMARK end']);
  });

  it('bookmarks the newest revision when nothing happens, and never one that is still to be delivered', async () => {
    const from = await create('b1');
    using marked = watch({
      resourceVersion: from,
      allowWatchBookmarks: true,
      fieldSelector: 'metadata.name=b1',
    });
    const next = marked.next();
    // An event of another object: it is no event of this watch, but it moves the revision.
    const newest = await create('b2');
    while (timers.size === 0) await new Promise((resolve) => setImmediate(resolve));
    fireTimers();
    expect(await next).toMatchObject({ type: 'BOOKMARK', revision: Number(newest) });
    await patch('b1', { metadata: { labels: { a: 'b' } } });
    expect(brief(await marked.next())).toBe('MODIFIED b1');
  });

  it('says where it was before its time is over', async () => {
    const newest = await create('t1');
    using timed = watch({ resourceVersion: newest, allowWatchBookmarks: true, timeoutMs: 1_000 });
    using silent = watch({ resourceVersion: newest, timeoutMs: 1_000 });
    const armed = timers.size + 3;
    const [last, end] = [timed.next(), silent.next()];
    while (timers.size < armed) await new Promise((resolve) => setImmediate(resolve));
    fireTimers();
    await expect(end).rejects.toThrow('the watch ended');
    const bookmark = { type: 'BOOKMARK', revision: Number(newest), initialEventsEnd: false };
    expect(await last).toMatchObject(bookmark);
    await expect(timed.next()).rejects.toThrow('the watch ended');
  });

  it('shares what it makes of an event with all watches', async () => {
    const from = await create('shared', { app: 'shared' });
    using one = watch({ resourceVersion: from });
    using two = watch({ resourceVersion: from, namespace: '' });
    using chosen = watch({ resourceVersion: from, labelSelector: 'app=shared' });
    await patch('shared', { metadata: { labels: { more: 'x' } } });
    const items = await Promise.all([one.next(), two.next(), chosen.next()]);
    expect(items[0]).toMatchObject({ type: 'MODIFIED' });
    expect([items[1] === items[0], items[2] === items[0]]).toEqual([true, true]);
  });

  it('waits for a revision that is still to come', async () => {
    const from = Number(await create('early'));
    using future = watch({ resourceVersion: String(from + 1) });
    const next = future.next();
    await patch('early', { metadata: { labels: { skipped: 'x' } } });
    await patch('early', { metadata: { labels: { skipped: 'no' } } });
    expect(await next).toMatchObject({ object: { object: { metadata: { labels: { skipped: 'no' } } } } });
  });

  it('ends when the kind is defined anew', async () => {
    using watching = watch({ resourceVersion: await create('redefined') });
    const end = watching.next();
    await create('one-more');
    expect(brief(await end)).toBe('ADDED one-more');
    const over = watching.next();
    const before = catalog.current();
    catalog.replace(before.map((one) => (one.kind === 'Ghost' ? { ...one } : one)));
    catalog.replace(before);
    await expect(over).rejects.toThrow('the watch ended');
  });

  it.each([
    [{ resourceVersion: 'abc' }, 400, 'no number'],
    [{ labelSelector: 'a in' }, 400, 'a syntax error'],
    [{ fieldSelector: 'spec.systemPrompt=x' }, 400, 'no field to select by'],
    [{ sendInitialEvents: true }, 422, 'no resourceVersionMatch'],
    [{ resourceVersionMatch: 'NotOlderThan', resourceVersion: '1' }, 422, 'a match without initial events'],
  ])('refuses %j at once', (query, code, reason) => {
    expect(() => watch(query), reason).toThrow(expect.objectContaining({ code }));
  });
});

describe('list', () => {
  it('is ordered by name and has the revision of the store', async () => {
    await create('z1', { list: 'me' });
    const newest = await create('a1', { list: 'me' });
    const list = await registry.list({ user, resource: ghosts(), namespace: '', labelSelector: 'list=me' });
    expect(list.items.map(({ object }) => object.metadata.name)).toEqual(['a1', 'z1']);
    expect(list.revision).toBe(Number(newest));
    const nowhere = await registry.list({ user, resource: ghosts(), namespace: 'no-such-namespace' });
    expect(nowhere.items, 'reads of a missing namespace are empty').toEqual([]);
  });

  it.each([
    [{ resourceVersion: 'x' }, 400, 'no number'],
    [{ resourceVersionMatch: 'Exact' }, 422, 'no revision'],
    [{ resourceVersionMatch: 'Exact', resourceVersion: '0' }, 422, 'exactly any'],
    [{ resourceVersionMatch: 'Roughly', resourceVersion: '1' }, 422, 'an unknown match'],
    [{ resourceVersion: '99999999' }, 504, 'the future'],
    [{ continue: 'abc' }, 400, 'a token nobody gave'],
    [{ labelSelector: '=' }, 400, 'a syntax error'],
  ])('refuses %j with %d', async (query, code, reason) => {
    const refused = registry.list({ user, resource: ghosts(), namespace: '', ...query });
    await expect(refused, reason).rejects.toMatchObject({ code });
  });
});
