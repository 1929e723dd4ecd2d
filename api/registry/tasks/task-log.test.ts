import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../machinery/clock.ts';
import { silentLogger } from '../../machinery/logger.ts';
import { API_SERVER_USER } from '../../machinery/users/user.ts';
import { loadDefinitions } from '../../schema/load-crds.ts';
import type { WatchQuery } from '../../storage/contract/objects.ts';
import { StorageError } from '../../storage/contract/storage-error.ts';
import type { Store } from '../../storage/contract/store.ts';
import type { TaskLog } from '../../storage/contract/task-log.ts';
import { openStore } from '../../storage/open-store.ts';
import type { TaskEvent } from '../../types/tasks/task-event.ts';
import { createCatalog } from '../catalog.ts';
import { createInitialNamespaces } from '../initial-namespaces.ts';
import { createRegistry } from '../registry.ts';
import type { Registry } from '../registry.ts';
import { isTask } from '../resource.ts';
import type { Target } from '../resource.ts';
import { createTaskLogs } from './task-log.ts';
import type { TaskLogs } from './task-log.ts';

const write = { user: API_SERVER_USER, dryRun: false, fieldValidation: 'Strict' } as const;
const forever = new AbortController().signal;
const FOLLOWERS = 50;

let store: Store;
let registry: Registry;
let logs: TaskLogs;
/** Watches that were begun, and those that are still open. */
let watches: WatchQuery[];
let open: number;
/** The error that the next follower gets after its first page. */
let lost: StorageError | undefined;

beforeEach(async () => {
  store = await openStore({ url: 'sqlite::memory:', logger: silentLogger });
  registry = createRegistry({ catalog: createCatalog(loadDefinitions()), store });
  await createInitialNamespaces(registry);
  watches = [];
  open = 0;
  lost = undefined;
  const counting = {
    log: losing(store.log),
    list: (query: Parameters<Store['list']>[0]) => store.list(query),
    async *watch(query: WatchQuery) {
      watches.push(query);
      open += 1;
      try {
        yield* store.watch(query);
      } finally {
        open -= 1;
      }
    },
  };
  logs = createTaskLogs({ registry, store: counting, clock: systemClock });
});
afterEach(() => store.close());

const losing = (log: TaskLog): TaskLog => ({
  append: (batch) => log.append(batch),
  read: (query) => log.read(query),
  messages: (query) => log.messages(query),
  bounds: (uid) => log.bounds(uid),
  async *follow(query) {
    for await (const page of log.follow(query)) {
      yield page;
      const error = lost;
      lost = undefined;
      if (error !== undefined) throw error;
    }
  },
});

function target(name: string): Target {
  const resource = registry.catalog.current().find((one) => isTask(one));
  if (resource === undefined) throw new Error('no kind Task');
  return { resource, namespace: 'default', name };
}

async function createTask(name: string): Promise<string> {
  const body = {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Task',
    metadata: { name },
    spec: { prompt: 'x', teamRef: { name: 't' } },
  };
  const { resource, namespace } = target(name);
  const { object } = await registry.create({ resource, namespace, body, ...write });
  return object.object.metadata.uid ?? '';
}

async function append(taskUID: string, sourceSeq: number): Promise<void> {
  const time = '2026-01-02T03:04:05.000006Z';
  await store.log.append({ source: 's', taskUID, events: [{ sourceSeq, time, type: 'text', data: {} }] });
}

const setStatus = (name: string, status: string): Promise<unknown> => {
  const body = { status: { status } };
  return registry.patch({ target: target(name), subresource: 'status', type: 'merge', body, ...write });
};

const remove = (name: string): Promise<unknown> =>
  registry.delete({ target: target(name), user: API_SERVER_USER, dryRun: false });

/** Follows to the end; `seen` grows as events come. */
async function follow(name: string, signal = forever): Promise<{ seen: number[]; done: Promise<void> }> {
  const read = await logs.reader(target(name));
  const seen: number[] = [];
  const done = (async () => {
    for await (const page of read({ after: 0, follow: true, signal }))
      seen.push(...page.map(({ seq }) => seq));
  })();
  return { seen, done };
}

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise(setImmediate);
};

describe('the followers of a Task', () => {
  it.each([
    { reason: 'it is final', end: () => setStatus('t', 'COMPLETED') },
    { reason: 'it is deleted', end: () => remove('t') },
  ])('share one watch of it, by its name, and end with every event when $reason', async ({ end }) => {
    const uid = await createTask('t');
    await createTask('other');
    const followers = await Promise.all(Array.from({ length: FOLLOWERS }, () => follow('t')));
    await append(uid, 1);
    await until(() => followers.every(({ seen }) => seen.length === 1));
    await setStatus('t', 'RUNNING');
    await setStatus('other', 'COMPLETED');
    await append(uid, 2);
    await end();
    await Promise.all(followers.map(({ done }) => done));
    for (const { seen } of followers) expect(seen).toEqual([1, 2]);
    expect(watches).toMatchObject([{ name: 't', namespace: 'default' }]);
    expect(open).toBe(0);
  });

  it('leave no watch behind when they go', async () => {
    const uid = await createTask('t');
    const leave = new AbortController();
    const [first, second] = [await follow('t', leave.signal), await follow('t', leave.signal)];
    await append(uid, 1);
    await until(() => first.seen.length === 1 && second.seen.length === 1 && open === 1);
    leave.abort();
    await Promise.all([first.done, second.done]);
    await until(() => open === 0);
    await (
      await follow('t', AbortSignal.abort())
    ).done;
    expect(watches.length).toBeLessThanOrEqual(2);
  });

  it('need none where the Task is final already', async () => {
    const uid = await createTask('t');
    await append(uid, 1);
    await setStatus('t', 'FAILED');
    const { seen, done } = await follow('t');
    await done;
    expect([seen, watches]).toEqual([[1], []]);
  });

  it('of a Task that was made anew get none of its events', async () => {
    const old = await createTask('t');
    const follower = await follow('t');
    await append(old, 1);
    await remove('t');
    await append(await createTask('t'), 1);
    await follower.done;
    expect(follower.seen).toEqual([1]);
  });

  it('that have seen what is lost are told, and given the whole log as it is now', async () => {
    const uid = await createTask('t');
    for (const sourceSeq of [1, 2]) await append(uid, sourceSeq);
    lost = new StorageError('Compacted', 'made up');
    const { seen, done } = await follow('t');
    await until(() => seen.length === 5);
    await setStatus('t', 'COMPLETED');
    await done;
    expect(seen).toEqual([1, 2, 0, 1, 2]);
  });

  it.each([true, false])(
    'that ask for more than the log has had are told too, following: %s',
    async (following) => {
      const uid = await createTask('t');
      for (const sourceSeq of [1, 2]) await append(uid, sourceSeq);
      const read = await logs.reader(target('t'));
      const events: TaskEvent[] = [];
      for await (const page of read({ after: 3, follow: following, signal: forever })) {
        events.push(...page);
        if (events.length === 3) break;
      }
      expect(events).toMatchObject([
        { seq: 0, source: 'log', type: 'status', data: { phase: 'Lost', message: /lost/ } },
        { seq: 1 },
        { seq: 2 },
      ]);
    },
  );

  it('are told when the Task cannot be watched', async () => {
    await createTask('t');
    const read = await logs.reader(target('t'));
    await store.close();
    const reading = async (): Promise<void> => {
      for await (const page of read({ after: 0, follow: true, signal: forever })) expect(page).toEqual([]);
    };
    await expect(reading()).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
  });
});
