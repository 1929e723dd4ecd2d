import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatTime } from '../../machinery/clock.ts';
import { silentLogger } from '../../machinery/logger.ts';
import type { Logger } from '../../machinery/logger.ts';
import { createManualClock } from '../../machinery/manual-clock.ts';
import type { ManualClock } from '../../machinery/manual-clock.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { API_SERVER_USER } from '../../machinery/users/user.ts';
import type { TaskEvent, TaskEventInput } from '../../types/tasks/task-event.ts';
import { loadDefinitions } from '../../schema/load-crds.ts';
import { StorageError } from '../../storage/contract/storage-error.ts';
import type { Store } from '../../storage/contract/store.ts';
import { openStore } from '../../storage/open-store.ts';
import { createCatalog } from '../catalog.ts';
import { createDeletedTasks } from '../tasks/deleted-tasks.ts';
import { createInitialNamespaces } from '../initial-namespaces.ts';
import { createRegistry } from '../registry.ts';
import type { Registry } from '../registry.ts';
import type { Target } from '../resource.ts';
import { createTaskLogs } from '../tasks/task-log.ts';
import { expireTasks } from './expire-tasks.ts';
import { finishedTasks } from './finished-tasks.ts';
import { retainOnce, startRetention } from './retention.ts';
import type { RetentionRound } from './round.ts';
import { DEFAULT_RETENTION } from './rules.ts';
import type { RetentionRules } from './rules.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const user = API_SERVER_USER;
const write = { user, dryRun: false, fieldValidation: 'Strict' } as const;

let clock: ManualClock;
let store: Store;
let registry: Registry;

beforeEach(async () => {
  clock = createManualClock(Date.UTC(2026, 10, 21, 7));
  store = await openStore({ url: 'sqlite::memory:', logger: silentLogger, clock });
  registry = createRegistry({ catalog: createCatalog(loadDefinitions()), store, clock });
  await createInitialNamespaces(registry);
});
afterEach(() => store.close());

function targetOf(kind: string, name: string): Target {
  const resource = registry.catalog.current().find((one) => one.kind === kind);
  if (resource === undefined) throw new Error(`no kind ${kind}`);
  return { resource, namespace: 'default', name };
}

async function create(kind: string, body: { metadata: { name: string } }): Promise<Unstructured> {
  const { resource } = targetOf(kind, '');
  return (await registry.create({ resource, namespace: 'default', body, ...write })).object.object;
}

async function names(kind: string): Promise<string[]> {
  const { items } = await registry.list({ user, ...targetOf(kind, '') });
  return items.map(({ object }) => object.metadata.name);
}

const roundOf = (rules: Partial<RetentionRules> = {}): RetentionRound => ({
  store,
  registry,
  clock,
  logger: silentLogger,
  rules: { ...DEFAULT_RETENTION, ...rules },
  signal: new AbortController().signal,
});

const retain = (rules: Partial<RetentionRules> = {}): Promise<void> => retainOnce(roundOf(rules));

/** Lets time pass as a running server would have it: marks of history are made. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= MINUTE) {
    clock.advance(Math.min(left, MINUTE));
    await store.compact();
  }
}

interface FinishedOptions {
  finalizers?: string[];
  ttlSecondsAfterFinished?: number;
  callback?: { url: string };
}

/** A Task that ended now. */
async function finish(name: string, { finalizers, ...more }: FinishedOptions = {}): Promise<Unstructured> {
  await create('Task', {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Task',
    metadata: { name, ...(finalizers && { finalizers }) },
    spec: { prompt: 'x', teamRef: { name: 't' }, ...more },
  } as { metadata: { name: string } });
  const status = { status: 'COMPLETED', completedAt: formatTime(clock.now()) };
  const target = targetOf('Task', name);
  const patched = await registry.patch({
    target,
    subresource: 'status',
    type: 'merge',
    body: { status },
    ...write,
  });
  return patched.object.object;
}

async function log(task: Unstructured, count: number): Promise<void> {
  const time = '2026-01-02T03:04:05.000006Z';
  const events = Array.from({ length: count }, (_, i): TaskEventInput => {
    return { sourceSeq: i + 1, time, type: 'text', data: { text: `word ${i + 1}` } };
  });
  const messages = [{ role: 'USER' as const, content: 'hello', time }];
  await store.log.append({ source: 's', taskUID: task.metadata.uid ?? '', events, messages });
}

async function gathered(pages: AsyncIterable<readonly TaskEvent[]>): Promise<TaskEvent[]> {
  const events: TaskEvent[] = [];
  for await (const page of pages) events.push(...page);
  return events;
}

async function read(name: string, after = 0): Promise<TaskEvent[]> {
  const logs = createTaskLogs({ registry, store, clock });
  const reader = await logs.reader(targetOf('Task', name));
  return gathered(reader({ after, follow: false, signal: new AbortController().signal }));
}

describe('JoinTokens', () => {
  it('go a day after their time, used or not', async () => {
    const inMinutes = (minutes: number): string => formatTime(clock.now() + minutes * MINUTE);
    const token = (name: string, minutes: number) => ({
      ...{ apiVersion: 'agent.wecode.io/v1alpha1', kind: 'JoinToken', metadata: { name } },
      spec: { executorName: 'e', tokenHash: 'a'.repeat(64), expirationTime: inMinutes(minutes) },
    });
    await create('JoinToken', token('young', 60));
    await create('JoinToken', token('old', 1));
    const names = async () =>
      (await store.list({ resource: 'jointokens.agent.wecode.io' })).items.map(({ key }) => key.name);
    clock.advance(24 * 60 * MINUTE);
    await retain();
    expect(await names()).toEqual(['old', 'young']);
    clock.advance(2 * MINUTE);
    await retain();
    expect(await names()).toEqual(['young']);
  });
});

describe('Events', () => {
  const event = (name: string) => ({
    metadata: { name },
    involvedObject: { kind: 'Task', name: 't', namespace: 'default' },
    message: 'x',
  });

  it('go an hour after they were written last, whatever times they name', async () => {
    await create('Event', { ...event('once'), lastTimestamp: '2030-01-01T00:00:00Z' } as never);
    await create('Event', { ...event('again'), lastTimestamp: '2020-01-01T00:00:00Z' } as never);
    await pass(30 * MINUTE);
    await retain();
    const body = { count: 2, message: 'again' };
    await registry.patch({ target: targetOf('Event', 'again'), type: 'merge', body, ...write });
    await pass(29 * MINUTE);
    await retain();
    expect(await names('Event')).toEqual(['again', 'once']);
    await pass(4 * MINUTE);
    await retain();
    expect(await names('Event')).toEqual(['again']);
    await pass(30 * MINUTE);
    await retain({ events: undefined });
    expect(await names('Event')).toEqual(['again']);
    await retain();
    expect(await names('Event')).toEqual([]);
  });
});

describe('finished Tasks', () => {
  it('stay for ever unless a rule or their spec says otherwise; the spec wins', async () => {
    await finish('plain');
    await finish('short', { ttlSecondsAfterFinished: 60 });
    await finish('long', { ttlSecondsAfterFinished: 7200 });
    await finish('at-once', { ttlSecondsAfterFinished: 0 });
    await retain();
    expect(await names('Task')).toEqual(['long', 'plain', 'short']);
    clock.advance(HOUR);
    await retain();
    expect(await names('Task')).toEqual(['long', 'plain']);
    await retain({ finishedTasks: HOUR });
    expect(await names('Task')).toEqual(['long']);
    clock.advance(HOUR);
    await retain({ finishedTasks: 9 * HOUR });
    expect(await names('Task')).toEqual([]);
  });

  it('are deleted as by a user: finalizers hold them, and running ones are none of its business', async () => {
    await finish('held', { finalizers: ['example.com/hold'] });
    const body = { metadata: { name: 'running' }, spec: { prompt: 'x', teamRef: { name: 't' } } };
    await create('Task', { apiVersion: 'agent.wecode.io/v1', kind: 'Task', ...body } as never);
    clock.advance(HOUR);
    await retain({ finishedTasks: MINUTE });
    await retain({ finishedTasks: MINUTE });
    expect(await names('Task')).toEqual(['held', 'running']);
    const { object } = await registry.get({ target: targetOf('Task', 'held'), user });
    expect(object.metadata.deletionTimestamp).toBe(formatTime(clock.now()));
  });

  it('wait until their callback knows of their end, or was given up', async () => {
    const callback = { url: 'https://a' };
    for (const name of ['untold', 'told', 'given-up'])
      await finish(name, { ttlSecondsAfterFinished: 0, callback });
    const note = (name: string, body: object) =>
      registry.patch({
        ...{ target: targetOf('Task', name), subresource: 'status', type: 'merge', ...write },
        body: { status: { callback: body } },
      });
    await note('told', { delivered: 1 });
    await note('given-up', { givenUpGeneration: 1 });
    await retain();
    expect(await names('Task')).toEqual(['untold']);
  });

  it('are left when they are changed meanwhile', async () => {
    await finish('changed', { ttlSecondsAfterFinished: 0 });
    const round = roundOf();
    const found = await finishedTasks(round);
    const body = { spec: { ttlSecondsAfterFinished: 9 } };
    await registry.patch({ target: targetOf('Task', 'changed'), type: 'merge', body, ...write });
    await expireTasks(round, found);
    expect(await names('Task')).toEqual(['changed']);
  });
});

describe('logs of finished Tasks', () => {
  it('lose their events, not their messages; a reader is told', async () => {
    await log(await finish('old'), 1_200);
    clock.advance(HOUR);
    await log(await finish('new'), 3);
    await retain();
    expect(await read('old')).toHaveLength(1_200);
    await retain({ taskLogs: HOUR });
    expect(await read('old')).toMatchObject([
      { seq: 1_200, type: 'status', data: { phase: 'Expired', message: /up to number 1200 were removed/ } },
    ]);
    expect(await read('old', 1_200)).toEqual([]);
    const messages = await createTaskLogs({ registry, store, clock }).messages(targetOf('Task', 'old'));
    expect(messages).toHaveLength(1);
    expect(await read('new')).toHaveLength(3);
    expect(
      await store.log.read({
        taskUID: (await registry.get({ target: targetOf('Task', 'old'), user })).object.metadata.uid ?? '',
        after: 0,
        limit: 10,
      }),
    ).toEqual([]);
  });
});

describe('deleted Tasks', () => {
  const kept = () => createDeletedTasks({ store, clock, keepMs: DEFAULT_RETENTION.deletedTasks });
  const remove = (name: string) => registry.delete({ user, target: targetOf('Task', name), dryRun: false });
  const signal = new AbortController().signal;

  it('keep their last state and log for a week, and are no hindrance to the next of their name', async () => {
    const first = await finish('a');
    const uid = first.metadata.uid ?? '';
    await log(first, 1_200);
    await remove('a');
    const second = await finish('a');
    await log(second, 2);
    expect(await kept().list({})).toEqual({
      items: [{ namespace: 'default', name: 'a', uid, deletedAt: formatTime(clock.now()) }],
    });
    expect(await kept().get(uid)).toMatchObject({
      kind: 'Task',
      metadata: { name: 'a', uid },
      status: { status: 'COMPLETED' },
    });
    expect(await gathered(kept().log(uid, { after: 0, signal }))).toHaveLength(1_200);
    await expect(log(first, 1)).rejects.toMatchObject({ code: 'NotFound' });
    clock.advance(7 * 24 * HOUR - MINUTE);
    await retain();
    expect(await gathered(kept().log(uid, { after: 0, signal }))).toHaveLength(1_200);
    clock.advance(MINUTE);
    expect((await kept().list({})).items, 'its time is over').toEqual([]);
    await expect(kept().get(uid)).rejects.toMatchObject({ code: 404 });
    await retain();
    expect(await store.log.read({ taskUID: uid, after: 0, limit: 1 })).toEqual([]);
    expect(await store.log.messages({ taskUID: uid, after: 0, limit: 1 })).toEqual([]);
    expect(await store.retention.deletedTask(uid)).toBeUndefined();
    expect(await read('a')).toHaveLength(2);
  });

  it('lose their log at once where the rule says so; late appends are refused all the same', async () => {
    const task = await finish('a');
    await log(task, 10);
    await remove('a');
    await retain({ deletedTasks: 0 });
    expect(await store.log.read({ taskUID: task.metadata.uid ?? '', after: 0, limit: 1 })).toEqual([]);
    await expect(log(task, 11)).rejects.toMatchObject({ code: 'NotFound' });
    clock.advance(HOUR);
    await retain({ deletedTasks: 0 });
    expect(await store.retention.deletedTask(task.metadata.uid ?? '')).toBeUndefined();
  });

  it('are listed page by page, by namespace, those deleted last first', async () => {
    for (const name of ['a', 'b', 'c']) {
      await finish(name);
      clock.advance(1_000);
      await remove(name);
    }
    const first = await kept().list({ limit: 2 });
    expect(first.items.map(({ name }) => name)).toEqual(['c', 'b']);
    const second = await kept().list({ limit: 2, continue: first.continue ?? '' });
    expect([second.items.map(({ name }) => name), second.continue]).toEqual([['a'], undefined]);
    expect((await kept().list({ namespace: 'other' })).items).toEqual([]);
    await expect(kept().list({ continue: 'x' })).rejects.toMatchObject({ code: 400 });
  });

  it('are not kept for ever when a clock was wrong', async () => {
    clock.advance(365 * 24 * HOUR);
    await finish('a');
    await remove('a');
    clock = createManualClock(clock.now() - 365 * 24 * HOUR);
    await retain();
    clock.advance(7 * 24 * HOUR);
    await retain();
    expect(await store.retention.deletedTasks({ since: 0, limit: 1 })).toEqual([]);
  });
});

describe('the loop', () => {
  it('gives one replica the turn, survives a database that is away, and ends when it is told', async () => {
    const warnings: string[] = [];
    const logger: Logger = { ...silentLogger, warn: (message) => void warnings.push(message) };
    let rounds = 0;
    let away = false;
    const { retention } = store;
    const counting: Store = Object.create(store, {
      retention: {
        get: () => ({
          takeTurn: async (turn: Parameters<typeof retention.takeTurn>[0]) => {
            if (away) throw new StorageError('Unavailable', 'away');
            const isMine = await retention.takeTurn(turn);
            if (isMine) rounds += 1;
            return isMine;
          },
          limitDeletionTimes: () => Promise.resolve(),
          revisionAt: () => Promise.resolve(0),
          purgeDeletedTask: () => Promise.resolve(undefined),
        }),
      },
      list: { value: store.list.bind(store) },
    }) as Store;
    const options = { registry, clock, logger, rules: DEFAULT_RETENTION, store: counting };
    const replicas = [0, 0.5, 0.9].map((number) => startRetention({ ...options, random: () => number }));
    const settle = async (): Promise<void> => {
      for (let i = 0; i < 10; i++) await new Promise(setImmediate);
    };
    for (let minute = 0; minute < 10; minute++) {
      for (let part = 0; part < 10; part++) {
        clock.advance(MINUTE / 10);
        await settle();
      }
    }
    expect(rounds).toBeGreaterThanOrEqual(8);
    expect(rounds).toBeLessThanOrEqual(11);
    away = true;
    clock.advance(2 * MINUTE);
    await settle();
    expect(warnings).toContain('retention failed; it is tried again');
    away = false;
    const before = rounds;
    clock.advance(2 * MINUTE);
    await settle();
    expect(rounds).toBeGreaterThan(before);
    const timers = clock.pending;
    for (const replica of replicas) await replica.stop();
    expect(clock.pending).toBe(timers - replicas.length);
  });
});
