import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Sandbox, SandboxSpec, SandboxStatus } from '#api/types/generated/sandbox';
import { Schedule } from './schedule.ts';

const CHAT: Partial<SandboxSpec> = { shell: { type: 'Chat' } };

interface Traits {
  name?: string;
  namespace?: string;
  uid?: string;
  spec?: Partial<SandboxSpec>;
  phase?: SandboxStatus['phase'];
}

let revision = 0;
function sandbox({ name = 's', namespace = 'ns', uid = 'u', spec = {}, phase }: Traits = {}): Sandbox {
  revision += 1;
  return {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Sandbox',
    metadata: {
      name,
      namespace,
      uid,
      resourceVersion: `${revision}`,
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: { timeoutSeconds: 1, shell: { type: 'ClaudeCode' }, ...spec },
    ...(phase === undefined ? {} : { status: { phase } }),
  };
}

const bound = (traits: Traits = {}): Sandbox =>
  sandbox({ ...traits, spec: { ...traits.spec, executorName: 'e' } });

/** A schedule, and a cache whose changes it sees. */
function world() {
  const cache = new Map<string, Sandbox>();
  const schedule = new Schedule({ sandboxes: cache, ofTask: () => [] });
  const show = (key: string, next: Sandbox | undefined): boolean => {
    const old = cache.get(key);
    if (next === undefined) cache.delete(key);
    else cache.set(key, next);
    return schedule.observe({ key, ...(old && { old }), ...(next && { new: next }) });
  };
  return { cache, schedule, show };
}

describe('observe', () => {
  it.each([
    { reason: 'a new one', states: [sandbox()], due: true },
    { reason: 'it says why it waits', states: [sandbox(), sandbox({ phase: 'Pending' })], due: false },
    { reason: 'its priority changes', states: [sandbox(), sandbox({ spec: { priority: 1 } })], due: true },
    { reason: 'bound', states: [sandbox(), bound()], due: false },
    { reason: 'it runs', states: [bound(), bound({ phase: 'Running' })], due: false },
    { reason: 'ended', states: [bound(), bound({ phase: 'Succeeded' })], due: true },
    { reason: 'gone while it ran', states: [bound(), undefined], due: true },
    { reason: 'gone after its end', states: [bound({ phase: 'Failed' }), undefined], due: false },
    { reason: 'gone while it waited', states: [sandbox(), undefined], due: false },
    {
      reason: 'cancelled while it waited',
      states: [sandbox(), sandbox({ spec: { cancel: true } })],
      due: false,
    },
    { reason: 'made again under its name', states: [bound(), sandbox({ uid: 'v' })], due: true },
  ])('$reason: a round is due: $due', ({ states, due }) => {
    const { show } = world();
    const results = states.map((state) => show('ns/s', state));
    expect(results.at(-1)).toBe(due);
  });

  it.each([
    { reason: 'ended', last: bound({ phase: 'Failed' }) },
    { reason: 'gone', last: undefined },
  ])('a binding that was never seen ends with its Sandbox: $reason', ({ last }) => {
    const { schedule, show } = world();
    const waiting = sandbox();
    show('ns/s', waiting);
    schedule.assume(waiting, 'e');
    expect(show('ns/s', sandbox({ phase: 'Pending' })), 'the binding is on its way').toBe(false);
    expect(schedule.usage.onExecutor('e').others).toBe(1);
    expect(show('ns/s', last)).toBe(true);
    expect(schedule.usage.onExecutor('e').others).toBe(0);
  });

  it('takes one back that could not be bound, and keeps it back for a while when it is to blame', () => {
    const { schedule, show } = world();
    const waiting = sandbox();
    show('ns/s', waiting);
    schedule.assume(waiting, 'e');
    expect([schedule.queue.size, schedule.isAssumed(waiting)]).toEqual([0, true]);
    schedule.forget('ns/s');
    expect([schedule.queue.size, schedule.isAssumed(waiting)]).toEqual([1, false]);
    const waitsAt = (now: number): [number, number | undefined] => {
      schedule.unpark(now);
      return [schedule.queue.size, schedule.unparkedIn(now)];
    };
    schedule.park('ns/s', 1000);
    expect(waitsAt(1000)).toEqual([0, 5]);
    expect(waitsAt(1005)).toEqual([1, undefined]);
    schedule.park('ns/s', 2000);
    expect(waitsAt(2000), 'twice as long').toEqual([0, 10]);
    expect(show('ns/s', sandbox({ spec: { priority: 5 } })), 'a change ends the wait').toBe(true);
  });
});

it('one that was kept back and is bound by now keeps its place, although the cache does not show it yet', () => {
  const { schedule, show } = world();
  const waiting = sandbox();
  show('ns/s', waiting);
  schedule.park('ns/s', 1000);
  schedule.unpark(1005);
  schedule.assume(waiting, 'e');
  schedule.unpark(1006);
  expect(schedule.isAssumed(waiting)).toBe(true);
  expect([schedule.queue.size, schedule.usage.onExecutor('e').others]).toEqual([0, 1]);
});

type Move = 'create' | 'talk' | 'bind' | 'fail' | 'show' | 'finish' | 'remove';
const MOVES: readonly Move[] = ['create', 'talk', 'bind', 'fail', 'show', 'finish', 'remove'];

/** A server whose news the cache learns of late. */
function lateWorld() {
  const { cache, schedule, show } = world();
  const server = new Map<string, Sandbox>();
  const find = (isBound: boolean): [string, Sandbox] | [] =>
    [...server].find(([, { spec, status }]) => (spec.executorName !== undefined) === isBound && !status) ??
    [];
  const changed = ({ metadata, spec }: Sandbox, more: Traits): Sandbox =>
    bound({ name: metadata.name, uid: metadata.uid ?? '', spec, ...more });
  let made = 0;
  const create = (spec: Partial<SandboxSpec>): void => {
    made += 1;
    server.set(`ns/s${made}`, sandbox({ name: `s${made}`, uid: `u${made}`, spec }));
  };
  const tryToBind = (succeeds: boolean): void => {
    const [key, waiting] = find(false);
    if (key === undefined || waiting === undefined || !schedule.queue.has(key)) return;
    schedule.assume(waiting, 'e');
    if (succeeds) server.set(key, changed(waiting, {}));
    else schedule.forget(key);
  };
  const end = (next: (running: Sandbox) => Sandbox | undefined): void => {
    const [key, running] = find(true);
    if (key === undefined || running === undefined) return;
    const after = next(running);
    if (after === undefined) server.delete(key);
    else server.set(key, after);
  };
  const moves: Record<Move, () => void> = {
    create: () => create({}),
    talk: () => create(CHAT),
    bind: () => tryToBind(true),
    fail: () => tryToBind(false),
    finish: () => end((running) => changed(running, { phase: 'Succeeded' })),
    remove: () => end(() => undefined),
    show() {
      for (const name of new Set([...cache.keys(), ...server.keys()])) show(name, server.get(name));
    },
  };
  return {
    move: (move: Move): void => moves[move](),
    counted: () => schedule.usage.onExecutor('e'),
    onServer() {
      const running = [...server.values()].filter(
        ({ spec, status }) => spec.executorName !== undefined && !status,
      );
      const talking = running.filter(({ spec }) => spec.shell?.type === 'Chat').length;
      return { talking, others: running.length - talking };
    },
  };
}

it('counts what is on the server, however late the cache learns of it', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...MOVES), { maxLength: 60 }), (moves) => {
      const { move, counted, onServer } = lateWorld();
      for (const one of moves) {
        move(one);
        const there = onServer();
        expect(counted().talking).toBeGreaterThanOrEqual(there.talking);
        expect(counted().others).toBeGreaterThanOrEqual(there.others);
        if (one === 'show') expect(counted()).toEqual(there);
      }
    }),
    { numRuns: 300 },
  );
});
