import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoreEvent } from '#api/storage/contract/objects';
import type { Store } from '#api/storage/contract/store';
import { freshDatabase } from './databases.ts';
import type { TestDatabase } from './databases.ts';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';
import { TEST_LENGTH, noteFigures, seeded } from '../../kit/seeded.ts';

const RESOURCE = 'configmaps';
const URL_PATH = '/api/v1/namespaces/default/configmaps';
const OBJECTS = 10_000;
const MERGE = { 'content-type': 'application/merge-patch+json' };

interface ListPage {
  metadata: { resourceVersion: string; continue?: string };
  items: { metadata: { name: string; resourceVersion: string }; data: { value: string } }[];
}

/** Every second name is free for what is created meanwhile. */
const nameOf = (index: number): string => `c${String(index).padStart(6, '0')}`;

const configMap = (name: string, value: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data: { value },
});

/** Every page through another server, while clients write through all of them. */
describe('a list of 10,000 objects in pages through three servers', () => {
  const stack = new AsyncDisposableStack();
  const random = seeded('pages');
  let database: TestDatabase;
  let store: Store;
  let apis: TestApi[];

  beforeAll(async () => {
    database = stack.use(await freshDatabase('mariadb'));
    const compaction = { everyMs: 3_600_000, windowMs: 0, minRevisions: 1 };
    store = await database.open({ options: { compaction } });
    await Promise.all(
      Array.from({ length: OBJECTS }, (_, i) => {
        const key = { resource: RESOURCE, namespace: 'default', name: nameOf(2 * i) };
        const object = configMap(key.name, 'first');
        Object.assign(object.metadata, { uid: `uid-${i}`, creationTimestamp: '2026-01-02T03:04:05Z' });
        return store.commit({ op: 'create', key, object });
      }),
    );
    const dataDir = stack.use(await temporaryFolder('replicas')).path;
    apis = await Promise.all([1, 2, 3].map(() => testApi({ dataDir, databaseURL: database.url })));
    for (const api of apis) stack.use(api);
  });
  afterAll(() => stack.disposeAsync());

  async function page(number: number, query: string): Promise<ListPage> {
    const answer = await apis[number % apis.length]!.send(`${URL_PATH}?limit=500${query}`);
    expect(answer.status, answer.text.slice(0, 500)).toBe(200);
    return answer.json() as unknown as ListPage;
  }

  /** Whether something was changed: what is not there cannot be, nor what is there created. */
  async function write(n: number): Promise<boolean> {
    const name = nameOf(random.below(2 * OBJECTS));
    const api = random.pick(apis);
    const where = `${URL_PATH}/${name}`;
    const body = { data: { value: `v${n}` } };
    const changes = random.below(3);
    const answer =
      changes === 0
        ? await api.send(where, { method: 'DELETE' })
        : changes === 1
          ? await api.send(where, { method: 'PATCH', body, headers: MERGE })
          : await api.send(URL_PATH, { method: 'POST', body: configMap(name, `v${n}`) });
    expect([200, 201, 404, 409]).toContain(answer.status);
    return answer.status < 400;
  }

  it('is one snapshot, that of the first page', { timeout: 120_000 * TEST_LENGTH }, async () => {
    const model = await follow(store);
    const stop = new AbortController();
    const writers = Array.from({ length: 6 }, async (_, w) => {
      for (let n = w; !stop.signal.aborted; n += 6) await write(n);
    });
    try {
      for (let round = 0; round < TEST_LENGTH; round++) await judgePages(round, model);
    } finally {
      stop.abort();
      await Promise.all(writers);
      model.stop();
    }
  });

  async function judgePages(round: number, model: Model): Promise<void> {
    const pages = [await page(round, '')];
    for (let next = pages[0]!.metadata.continue; next; next = pages.at(-1)!.metadata.continue) {
      // Beside the writers, so that there is a change between any two pages.
      while (!(await write(pages.length)));
      pages.push(await page(round + pages.length, `&continue=${next}`));
    }
    const { resourceVersion } = pages[0]!.metadata;
    const newest = (await store.list({ resource: RESOURCE })).revision;
    await model.reached(newest);
    const told = pages.flatMap(({ items }) => items.map(textOf));
    expect(told).toEqual(model.at(Number(resourceVersion)));
    expect(pages.filter(({ metadata }) => metadata.resourceVersion !== resourceVersion)).toEqual([]);
    const writesMeanwhile = newest - Number(resourceVersion);
    noteFigures('pages', { pages: pages.length, objects: told.length, writesMeanwhile });
  }

  it('ends with 410 when its history is compacted, and a token to go on with what is newest', async () => {
    const first = await page(0, '');
    for (let changes = 0; changes < 5;) changes += Number(await write(changes));
    await store.list({ resource: RESOURCE });
    await store.compact();
    // Each server hears of it with the next revision at the latest.
    for (const api of apis)
      await api.send(URL_PATH, { method: 'POST', body: configMap(`late-${api.url.at(-1)}`, 'x') });
    for (const api of apis) await api.send(`${URL_PATH}/${nameOf(0)}`);
    const answer = await apis[1]!.send(`${URL_PATH}?limit=500&continue=${first.metadata.continue}`);
    const status = answer.json() as unknown as { reason: string; metadata: { continue: string } };
    expect([answer.status, status.reason]).toEqual([410, 'Expired']);
    const names: string[] = [];
    for (let next: string | undefined = status.metadata.continue, n = 2; next; n++) {
      const rest = await page(n, `&continue=${next}`);
      names.push(...rest.items.map(({ metadata }) => metadata.name));
      next = rest.metadata.continue;
    }
    const last = first.items.at(-1)!.metadata.name;
    const { items } = await store.list({ resource: RESOURCE, namespace: 'default' });
    expect(names).toEqual(items.map(({ key }) => key.name).filter((name) => name > last));
  });
});

const textOf = ({ metadata, data }: ListPage['items'][number]): string =>
  `${metadata.name}@${metadata.resourceVersion} ${data.value}`;

interface Model {
  reached(revision: number): Promise<void>;
  at(revision: number): string[];
  stop(): void;
}

/** What a watch tells, played on the list it starts from: the state at any revision since. */
async function follow(store: Store): Promise<Model> {
  const { revision, items } = await store.list({ resource: RESOURCE, namespace: 'default' });
  const events: StoreEvent[] = [];
  const end = new AbortController();
  let waiting: { revision: number; resolve: () => void } | undefined;
  const last = (): number => events.at(-1)?.revision ?? revision;
  void (async () => {
    const query = { resource: RESOURCE, namespace: 'default', after: revision, signal: end.signal };
    for await (const batch of store.watch(query)) {
      events.push(...batch);
      if (waiting !== undefined && last() >= waiting.revision) waiting.resolve();
    }
  })();
  return {
    async reached(wanted: number): Promise<void> {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting = { revision: wanted, resolve };
      if (last() < wanted) await promise;
    },
    at(wanted: number): string[] {
      const state = new Map(items.map((item) => [item.key.name, item]));
      for (const event of events) {
        if (event.revision > wanted) break;
        if (event.type === 'DELETED') state.delete(event.object.key.name);
        else state.set(event.object.key.name, event.object);
      }
      // Names are of equal length or differ in their first character: they sort as texts do.
      return [...state.values()]
        .map(({ object }) => textOf(object as unknown as ListPage['items'][number]))
        .sort();
    },
    stop: () => end.abort(),
  };
}
