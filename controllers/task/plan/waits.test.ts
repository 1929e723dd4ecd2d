import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTime } from '#api/machinery/clock';
import { findCondition } from '#api/machinery/condition';
import { isFinalTaskStatus } from '#api/types/tasks/task';
import type { Wait, WaitNode } from '../graph/graph.ts';
import { node } from '../graph/made-up.ts';
import { readRecords } from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';
import type { SentEvent } from './sent-events.ts';
import { NOW, PlanConflict, resolved, World } from './world.ts';

/** Nodes that wait for what comes from outside. */

function wait(id: string, its: Wait, more: Partial<WaitNode> = {}): WaitNode {
  const { shell: _, agent: __, prompt: ___, ...rest } = node(id);
  return { ...rest, kind: 'wait', wait: its, workspace: { uses: false }, ...more };
}

const forEvent = (event: string, timeoutSeconds?: number): Wait => ({
  for: 'event',
  event,
  ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
});

/** As the server does. */
function send(world: World, event: Omit<SentEvent, 'at' | 'id' | 'number'>): void {
  const events = world.task().spec.events ?? [];
  const number = events.length + 1;
  world.edit({ events: [...events, { ...event, number, id: `e${number}`, at: world.now }] });
}

const after = (seconds: number): string => formatTime(Date.parse(NOW) + seconds * 1000);
const recordOf = (world: World, id: string): NodeRecord | undefined =>
  readRecords(world.task().status).find((record) => record.node === id);
const finished = (world: World): string | undefined =>
  findCondition(world.task().status?.conditions, 'Finished')?.message;

it('a node that is skipped waits for nothing', () => {
  const world = new World(resolved(wait('w', forEvent('go'), { skip: 'nobody wants it' })));
  world.settle();
  expect(recordOf(world, 'w')).toMatchObject({ status: 'SKIPPED', message: 'nobody wants it' });
  expect(recordOf(world, 'w')).not.toHaveProperty('waitsFor');
});

it('a wait does not begin while the Task is suspended; one that has begun goes on', () => {
  const minute: Wait = { for: 'time', seconds: 60 };
  const world = new World(resolved(wait('w', minute), wait('v', minute, { needs: ['w'] })));
  world.settle();
  world.edit({ suspend: true });
  world.pass(60);
  world.settle();
  expect([recordOf(world, 'w')?.status, recordOf(world, 'v')?.status]).toEqual(['COMPLETED', 'PENDING']);
  expect(world.plan().wakeAt).toBeUndefined();
  world.pass(600);
  world.edit({ suspend: false });
  expect(world.settle().status?.status).toBe('RUNNING');
  world.pass(60);
  expect(world.settle().status?.status).toBe('COMPLETED');
});

describe('a wait until a date', () => {
  it.each([
    { until: after(90), wakes: after(90) },
    { until: new Date(Date.parse(NOW) + 90_500).toISOString(), wakes: after(91) },
    { until: after(-90) },
    { until: NOW },
    { until: 'tomorrow', failure: 'InvalidTime: "tomorrow" is no date and time as in RFC 3339.' },
    { until: '2026-02-30T00:00:00Z', failure: 'InvalidTime: "2026-02-30T00:00:00Z" is no date and time' },
  ])('$until', ({ until, wakes, failure }) => {
    const world = new World(resolved(wait('w', { for: 'time', until })));
    const { wakeAt } = world.step();
    expect(wakeAt).toBe(wakes);
    if (wakes !== undefined) world.now = wakes;
    expect(world.settle().status?.status).toBe(failure === undefined ? 'COMPLETED' : 'FAILED');
    expect(recordOf(world, 'w')?.errorMessage ?? '').toContain(failure ?? '');
  });
});

describe('a wait for an event', () => {
  it('ends with the data of the event, and says meanwhile for what it waits', () => {
    const world = new World(resolved(wait('w', forEvent('deployed'))));
    world.settle();
    expect(finished(world)).toContain('Waits for the event "deployed".');
    send(world, { name: 'other' });
    expect(world.settle().status?.status).toBe('RUNNING');
    send(world, { name: 'deployed', data: { url: 'https://a' } });
    expect(world.settle().status?.status).toBe('COMPLETED');
    expect(recordOf(world, 'w')).toMatchObject({
      status: 'COMPLETED',
      events: [2],
      result: { value: '{"url":"https://a"}', output: { url: 'https://a' } },
    });
  });

  it('takes one that came before it, and each once', () => {
    const world = new World(
      resolved(wait('w1', forEvent('go')), wait('w2', forEvent('go'), { needs: ['w1'] })),
    );
    send(world, { name: 'go', data: 'first' });
    world.settle();
    expect(recordOf(world, 'w1')).toMatchObject({ status: 'COMPLETED', result: { value: 'first' } });
    expect(recordOf(world, 'w2')?.status).toBe('RUNNING');
    send(world, { name: 'go', data: 'second' });
    world.settle();
    expect(recordOf(world, 'w2')).toMatchObject({ status: 'COMPLETED', result: { value: 'second' } });
  });

  it.each([
    { reason: 'in time, though nobody looked', sent: 59, planned: 5000, status: 'COMPLETED' },
    { reason: 'too late', sent: 61, planned: 61, status: 'FAILED' },
    { reason: 'too late, and nobody had looked before', sent: 61, planned: 5000, status: 'FAILED' },
  ])('an event that comes $reason: $status', ({ sent, planned, status }) => {
    const world = new World(resolved(wait('w', forEvent('go', 60))));
    expect(world.step().wakeAt).toBe(after(60));
    world.now = after(sent);
    send(world, { name: 'go' });
    world.now = after(planned);
    world.settle();
    expect(recordOf(world, 'w')?.status).toBe(status);
  });

  it('fails when its time is over, for a reason', () => {
    const world = new World(resolved(wait('w', forEvent('go', 60))));
    world.settle();
    world.now = after(60);
    expect(world.settle().status?.status).toBe('FAILED');
    expect(recordOf(world, 'w')?.errorMessage).toBe('TimedOut: the event "go" did not come within 60 s.');
  });

  it('that runs again waits for another one', () => {
    const world = new World(resolved(node('n0'), wait('w', forEvent('go'))));
    send(world, { name: 'go', data: 'first' });
    world.settle();
    const [run = ''] = world.names();
    world.change(run, { status: { phase: 'Succeeded', reason: 'Succeeded', result: { value: 'x' } } });
    expect(world.settle().status?.status).toBe('COMPLETED');
    expect(recordOf(world, 'w')).not.toHaveProperty('waitsFor');
    world.edit({ retries: [{ id: 'r1', node: 'w' }] });
    expect(world.settle().status?.status).toBe('RUNNING');
    expect(recordOf(world, 'w')).toMatchObject({ status: 'RUNNING', waitsFor: 'event', events: [1] });
    send(world, { name: 'go', data: 'second' });
    expect(world.settle().status?.status).toBe('COMPLETED');
    expect(recordOf(world, 'w')).toMatchObject({ events: [1, 2], result: { value: 'second' } });
  });

  it.each<{ its: Wait; limit: number; failure?: string }>([
    { its: { for: 'time', seconds: 60 }, limit: 30, failure: 'what it waits for did not come within 30 s.' },
    { its: { for: 'time', seconds: 60 }, limit: 60 },
    { its: forEvent('go'), limit: 30, failure: 'what it waits for did not come within 30 s.' },
    { its: forEvent('go', 20), limit: 30, failure: 'the event "go" did not come within 20 s.' },
    { its: { for: 'webhook' }, limit: 30, failure: 'what it waits for did not come within 30 s.' },
    {
      its: { for: 'approval', message: 'Ship it?' },
      limit: 30,
      failure: 'what it waits for did not come within 30 s.',
    },
  ])('fails after the limit of its step, $limit s: $its', ({ its, limit, failure }) => {
    const policy = { ...node('w').policy, timeoutSeconds: limit };
    const world = new World(resolved(wait('w', its, { policy })));
    const { wakeAt } = world.step();
    expect(Date.parse(wakeAt ?? '')).toBeLessThanOrEqual(Date.parse(after(limit)));
    world.settle();
    world.now = wakeAt ?? '';
    expect(world.settle().status?.status).toBe(failure === undefined ? 'COMPLETED' : 'FAILED');
    expect(recordOf(world, 'w')?.errorMessage).toBe(
      failure === undefined ? undefined : `TimedOut: ${failure}`,
    );
  });

  it('takes nothing that came after the limit of its step, though nobody had looked before', () => {
    const policy = { ...node('w').policy, timeoutSeconds: 30 };
    const world = new World(resolved(wait('w', forEvent('go'), { policy })));
    world.settle();
    world.now = after(31);
    send(world, { name: 'go' });
    expect(world.settle().status?.status).toBe('FAILED');
  });

  it('keeps the TaskRevision of a Task in which nothing runs, and has it made again where it is gone', () => {
    const world = new World(resolved(wait('w', forEvent('go'))));
    const { revision } = world.settle().status ?? {};
    expect(world.revisions()).toEqual([revision]);
    world.removeRevisions();
    world.settle();
    expect(world.revisions()).toEqual([revision]);
    send(world, { name: 'go' });
    expect(world.settle().status?.status).toBe('COMPLETED');
  });

  it('that is skipped at once leaves the TaskRevision that its Task names', () => {
    const world = new World(resolved(wait('w', forEvent('go'), { skip: 'It is not needed.' })));
    const { status } = world.settle();
    expect(status?.status).toBe('COMPLETED');
    expect(world.revisions()).toEqual([status?.revision]);
  });

  it('ends with its Task', () => {
    const world = new World(resolved(wait('w', forEvent('go'))));
    world.settle();
    world.edit({ cancel: true });
    expect(world.settle().status?.status).toBe('CANCELLED');
  });
});

describe('a wait for a webhook', () => {
  it('takes what came by its own address and nothing else', () => {
    const world = new World(resolved(wait('w', { for: 'webhook' }), wait('other', { for: 'webhook' })));
    send(world, { name: 'webhook' });
    send(world, { name: 'webhook', node: 'w', data: { status: 'ok' } });
    world.settle();
    expect(recordOf(world, 'w')).toMatchObject({ status: 'COMPLETED', result: { output: { status: 'ok' } } });
    expect(recordOf(world, 'other')?.status).toBe('RUNNING');
  });

  it('leaves an event to its node, whatever its name', () => {
    const world = new World(resolved(wait('w', forEvent('webhook'))));
    send(world, { name: 'webhook', node: 'other' });
    expect(world.settle().status?.status).toBe('RUNNING');
  });
});

const NAMES = ['a', 'b'] as const;
const waits = fc.array(fc.record({ name: fc.constantFrom(...NAMES), follows: fc.boolean() }), {
  minLength: 1,
  maxLength: 6,
});
const sent = fc.array(fc.constantFrom(...NAMES), { maxLength: 10 });

describe('any events and waits', () => {
  it('an event ends one wait at most, the first that is ready for it, whenever it comes and however plans are made', () => {
    fc.assert(
      fc.property(waits, sent, fc.infiniteStream(fc.nat({ max: 99 })), (all, names, chances) => {
        const chance = (): number => chances.next().value ?? 0;
        const nodes = all.map(({ name, follows }, index) =>
          wait(`w${index}`, forEvent(name), { needs: follows && index > 0 ? [`w${index - 1}`] : [] }),
        );
        const world = new World(resolved(...nodes));
        const open = [...names];
        let old = world.cache();
        for (let round = 0; round < 200; round += 1) {
          const [next] = open;
          if (next !== undefined && chance() < 30) send(world, { name: (open.shift(), next) });
          try {
            world.step(chance() < 30 ? old : world.cache(), chance() < 15 ? 'status' : 'all');
          } catch (error) {
            if (!(error instanceof PlanConflict)) throw error;
          }
          if (chance() < 30) old = world.cache();
        }
        world.settle();
        const records = readRecords(world.task().status);
        const taken = records.flatMap(({ events }) => events ?? []);
        expect(new Set(taken).size).toBe(taken.length);
        for (const { events = [], node: id } of records) {
          for (const event of events) expect(names[event - 1]).toBe(all[Number(id.slice(1))]?.name);
        }
        // None is lost: whoever still waits has no event of its name left.
        const left = names.filter((_, index) => !taken.includes(index + 1));
        const waiting = records.filter(
          ({ waitingSince, status }) => waitingSince !== undefined && status === 'RUNNING',
        );
        for (const { node: id } of waiting) expect(left).not.toContain(all[Number(id.slice(1))]?.name);
        expect(isFinalTaskStatus(world.task().status?.status)).toBe(taken.length === all.length);
      }),
      { numRuns: 200 },
    );
  });
});
