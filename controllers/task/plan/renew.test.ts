import { describe, expect, it } from 'vitest';
import type { SandboxStatus } from '#api/types/generated/sandbox';
import type { PlannedNode, WaitNode } from '../graph/graph.ts';
import { line, node } from '../graph/made-up.ts';
import { readRecords } from '../node-record.ts';
import { PROGRAMS } from '../unfold/programs.ts';
import { resolved, World } from './world.ts';

/** Steps that people have run again. */

const nameOf = (id: string, attempt = 1): string => `fix-abcde-${id}-a${attempt}`;
const FAILED: SandboxStatus = { phase: 'Failed', reason: 'AgentFailed', message: 'why' };
const succeeded = (value: string): SandboxStatus => ({
  phase: 'Succeeded',
  reason: 'Succeeded',
  result: { value, costUSD: 1 },
});

/** Each node ends as `ends` says, else well. */
function ended(nodes: PlannedNode[], ends: Record<string, SandboxStatus> = {}): World {
  const world = new World(resolved(...nodes));
  for (let before = -1; before !== world.names().length;) {
    before = world.names().length;
    world.settle();
    for (const { id } of nodes) {
      if (world.names().includes(nameOf(id)))
        world.change(nameOf(id), { status: ends[id] ?? succeeded(`${id} 1`) });
    }
    world.settle();
  }
  return world;
}

const retry = (world: World, name?: string): void => {
  const { retries = [] } = world.task().spec;
  const id = `r${retries.length + 1}`;
  world.edit({ retries: [...retries, { id, ...(name === undefined ? {} : { node: name }) }], cancel: false });
};

const ends = (world: World): Record<string, string | undefined> =>
  Object.fromEntries(readRecords(world.task().status).map((record) => [record.node, record.status]));

const { agent: _, shell: __, ...bare } = node('gate');
const gate: WaitNode = {
  ...{ ...bare, kind: 'wait', wait: { for: 'approval', message: 'Ship it?' } },
  workspace: { uses: false },
};

const CHAIN = line({ name: 'one' }, { name: 'two' }, { name: 'three' });

describe('a step that is to run again', () => {
  it('runs with the next number, and all that needed it after it', () => {
    const world = ended(CHAIN, { s1: FAILED });
    expect(ends(world)).toEqual({ s0: 'COMPLETED', s1: 'FAILED', s2: 'CANCELLED' });
    retry(world, 's1');
    expect(world.settle().status).toMatchObject({ status: 'RUNNING', retries: ['r1'] });
    expect(world.task().status).not.toHaveProperty('errorMessage');
    world.change(nameOf('s1', 2), { status: succeeded('s1 2') });
    world.settle();
    world.change(nameOf('s2'), { status: succeeded('s2 1') });
    expect(world.settle().status).toMatchObject({ status: 'COMPLETED', result: { value: 's2 1' } });
    expect(world.names()).toEqual([nameOf('s0'), nameOf('s1'), nameOf('s1', 2), nameOf('s2')]);
  });

  it('keeps what it gave before, and what that has cost', () => {
    const world = ended(CHAIN);
    retry(world, 's1');
    world.settle();
    world.change(nameOf('s1', 2), { status: succeeded('s1 2') });
    world.settle();
    world.change(nameOf('s2', 2), { status: succeeded('s2 2') });
    world.settle();
    const { status } = world.task();
    expect(status).toMatchObject({ status: 'COMPLETED', result: { value: 's2 2', costUSD: 5 } });
    expect(readRecords(status)[1]).toMatchObject({
      attempt: 2,
      result: { value: 's1 2' },
      history: [{ attempt: 1, status: 'COMPLETED', result: { value: 's1 1' }, executor_name: nameOf('s1') }],
    });
  });

  it('begins with the files of the node before it', () => {
    const world = ended(CHAIN, { s1: FAILED });
    retry(world);
    world.settle();
    expect(world.sandbox(nameOf('s1', 2)).spec.continueFrom).toMatchObject([{ name: nameOf('s0') }]);
  });

  it('has all its attempts again', () => {
    const world = ended(CHAIN, { s1: FAILED });
    retry(world, 's1');
    for (const attempt of [2, 3, 4]) {
      world.settle();
      world.change(nameOf('s1', attempt), { status: { phase: 'Failed', reason: 'ExecutorLost' } });
    }
    expect(world.settle().status).toMatchObject({ status: 'FAILED' });
    expect(readRecords(world.task().status)[1]).toMatchObject({ attempt: 4 });
  });

  it('has no more than that, whatever was stopped for others before', () => {
    const world = new World(resolved(node('a')));
    world.settle();
    world.change(nameOf('a'), { spec: { disruption: 'Drained' }, status: { phase: 'Cancelled' } });
    world.settle();
    world.change(nameOf('a', 2), { status: FAILED });
    world.settle();
    retry(world, 'a');
    for (const attempt of [3, 4, 5]) {
      world.settle();
      world.change(nameOf('a', attempt), { status: { phase: 'Failed', reason: 'ExecutorLost' } });
    }
    expect(world.settle().status).toMatchObject({ status: 'FAILED' });
    expect(world.names()).toHaveLength(5);
  });

  it('without a name: all that have failed, and those that were stopped for it', () => {
    const nodes = [node('a'), node('b'), node('c', { needs: ['a'] })];
    const world = new World(resolved(...nodes));
    world.settle();
    world.change(nameOf('a'), { status: FAILED });
    world.settle();
    world.change(nameOf('b'), { status: { phase: 'Cancelled', reason: 'Cancelled' } });
    world.settle();
    expect(world.task().status).toMatchObject({ status: 'FAILED' });
    retry(world);
    world.settle();
    expect(world.names()).toEqual([nameOf('a'), nameOf('b'), nameOf('a', 2), nameOf('b', 2)]);
  });

  it('while the Task is under way it waits for the end', () => {
    const world = new World(resolved(...CHAIN));
    world.settle();
    retry(world, 's0');
    world.settle();
    expect(world.names()).toEqual([nameOf('s0')]);
    world.change(nameOf('s0'), { status: FAILED });
    world.settle();
    expect(world.names()).toEqual([nameOf('s0'), nameOf('s0', 2)]);
  });

  it('runs also where the Task was stopped before its TaskRevision was made', () => {
    const world = new World(resolved(...CHAIN));
    // The controller writes down what it is going to do, and dies.
    world.step(world.cache(), 'status');
    world.edit({ cancel: true });
    expect(world.settle().status?.status).toBe('CANCELLED');
    expect(world.names()).toEqual([]);
    retry(world, 's0');
    expect(world.settle().status).toMatchObject({ status: 'PENDING', retries: ['r1'] });
    expect(world.names()).toEqual([nameOf('s0', 2)]);
  });

  it('is waited for also where a message has taken the Task up since', () => {
    const world = new World(resolved(node('a')));
    // Its end is all that is seen of it, so that the message goes on from nobody.
    world.step();
    world.change(nameOf('a'), { status: { phase: 'Cancelled', reason: 'Cancelled' } });
    world.settle();
    world.post();
    world.settle();
    world.change(nameOf('message-1'), { status: succeeded('said') });
    expect(world.settle().status?.status).toBe('COMPLETED');
    retry(world, 'a');
    expect(world.settle().status?.status).toBe('RUNNING');
    expect(world.sandbox(nameOf('a', 2)).spec.cancel).toBeUndefined();
    world.change(nameOf('a', 2), { status: succeeded('again') });
    expect(world.settle().status).toMatchObject({ status: 'COMPLETED', result: { value: 'said' } });
    expect(ends(world)).toEqual({ a: 'COMPLETED', 'message-1': 'COMPLETED' });
  });

  it('is not begun while the Task is to be cancelled', () => {
    const world = ended(CHAIN, { s1: FAILED });
    const before = world.task().status;
    retry(world, 's1');
    world.edit({ cancel: true });
    expect(world.settle().status).toEqual(before);
    world.edit({ cancel: false });
    expect(world.settle().status?.status).toBe('RUNNING');
  });

  it('a name that no step has leaves a Task CANCELLED all of whose steps had ended', () => {
    const world = new World(resolved(node('a')));
    world.settle();
    world.edit({ cancel: true });
    world.settle();
    world.change(nameOf('a'), { status: succeeded('late') });
    expect(world.settle().status?.status).toBe('CANCELLED');
    retry(world, 's9');
    expect(world.settle().status).toMatchObject({ status: 'CANCELLED', retries: ['r1'] });
  });

  it.each<{ reason: string; made: () => World; node?: string; message: string }>([
    {
      reason: 'a name that no step has',
      made: () => ended(CHAIN, { s1: FAILED }),
      ...{ node: 's9', message: 'The Task has no step "s9".' },
    },
    {
      reason: 'a wish for all that failed where nothing did',
      made: () => ended(CHAIN),
      message: 'No step has failed or was cancelled.',
    },
  ])('$reason changes nothing, and is rejected with the reason', ({ made, node: name, message }) => {
    const world = made();
    const before = ends(world);
    const { status } = world.task().status ?? {};
    retry(world, name);
    expect(world.settle().status).toMatchObject({ status, rejectedRetries: [{ id: 'r1', message }] });
    expect(world.task().status?.retries).toEqual(['r1']);
    expect(ends(world)).toEqual(before);
  });

  it('lets a Task begin that never had one, and is heard with that', () => {
    const world = new World({ outcome: 'waiting', reason: 'WaitingForTeam', message: 'no Team.' });
    world.edit({ cancel: true });
    expect(world.settle().status?.status).toBe('CANCELLED');
    world.resolution = resolved(node('a'));
    retry(world);
    expect(world.settle().status).toMatchObject({ status: 'PENDING', retries: ['r1'] });
    world.change(nameOf('a'), { status: FAILED });
    expect(world.settle().status?.status).toBe('FAILED');
    expect(world.names()).toEqual([nameOf('a')]);
  });

  it('a wrong name beside a right one is rejected, and forgotten with the wish', () => {
    const world = ended(CHAIN, { s1: FAILED });
    retry(world, 's9');
    retry(world, 's1');
    expect(world.settle().status).toMatchObject({ status: 'RUNNING', rejectedRetries: [{ id: 'r1' }] });
    world.change(nameOf('s1', 2), { status: FAILED });
    world.settle();
    world.edit({ retries: [{ id: 'r3', node: 's1' }] });
    expect(world.settle().status).not.toHaveProperty('rejectedRetries');
  });

  it.each([
    ['was rejected', { phase: 'Decided', decision: 'Rejected', reason: 'no' } as const],
    ['came too late', { phase: 'TimedOut' } as const],
  ])('asks people again where their decision %s', (_how, no) => {
    const world = new World(resolved(gate, node('ship', { needs: ['gate'] })));
    world.settle();
    world.decide('fix-abcde-gate-step', no);
    expect(world.settle().status?.status).toBe('FAILED');
    retry(world);
    expect(world.settle().status).toMatchObject({
      status: 'PENDING_CONFIRMATION',
      approvals: [{ name: 'fix-abcde-gate-step-2', node: 'gate' }],
      subTasks: [{ node: 'gate', attempt: 2, history: [{ attempt: 1, status: 'FAILED' }] }, { node: 'ship' }],
    });
    world.decide('fix-abcde-gate-step-2', no);
    expect(world.settle().status?.status).toBe('FAILED');
    retry(world, 'gate');
    world.settle();
    world.decide('fix-abcde-gate-step-3', { phase: 'Decided', decision: 'Approved' });
    world.settle();
    expect(world.names()).toContain(nameOf('ship'));
  });

  it('is also one whose end people have rejected', () => {
    const policy = { requireConfirmation: true, onFailure: 'FailTask' as const };
    const world = new World(resolved(node('dev', { policy }), node('ship', { needs: ['dev'] })));
    world.settle();
    world.change(nameOf('dev'), { status: succeeded('1') });
    world.settle();
    world.decide('fix-abcde-dev-stage-1', { phase: 'Decided', decision: 'Rejected' });
    expect(world.settle().status?.status).toBe('FAILED');
    retry(world);
    world.settle();
    world.change(nameOf('dev', 2), { status: succeeded('2') });
    expect(world.settle().status?.approvals).toMatchObject([{ name: 'fix-abcde-dev-stage-2' }]);
    world.decide('fix-abcde-dev-stage-2', { phase: 'Decided', decision: 'Approved' });
    world.settle();
    expect(world.names()).toContain(nameOf('ship'));
  });

  it('is the last version that people have rejected, not those that were corrected', () => {
    const resolution = resolved(node('a'));
    if (resolution.outcome !== 'resolved') throw new Error('it is resolved');
    const limits = { maxCorrections: 1, onRejected: 'Fail' as const };
    const program = { kind: 'quality', gates: [{ kind: 'approval', message: 'Good?', ...limits }] };
    const world = new World({ ...resolution, content: { ...resolution.content, program } });
    world.programs = PROGRAMS;
    for (const [run, approval] of [
      ['a', 'v1-approval'],
      ['v2', 'v2-approval'],
    ] as const) {
      world.settle();
      world.change(nameOf(run), { status: succeeded(run) });
      world.settle();
      world.decide(`fix-abcde-${approval}-step`, { phase: 'Decided', decision: 'Rejected', reason: 'why' });
    }
    expect(world.settle().status).toMatchObject({ status: 'FAILED' });
    retry(world);
    expect(world.settle().status?.approvals).toMatchObject([{ name: 'fix-abcde-v2-approval-step-2' }]);
    world.decide('fix-abcde-v2-approval-step-2', { phase: 'Decided', decision: 'Approved' });
    expect(world.settle().status).toMatchObject({ status: 'COMPLETED', result: { value: 'v2' } });
    expect(world.names()).toEqual([nameOf('a'), nameOf('v2')]);
  });

  it('nothing begins before what is left of the Task has stopped', () => {
    const world = ended(CHAIN, { s1: FAILED });
    const stray = world.sandbox(nameOf('s1'));
    world.make({ ...stray, metadata: { ...stray.metadata, name: 'stray' }, status: { phase: 'Running' } });
    retry(world);
    expect(world.settle().status).toMatchObject({ status: 'FAILED' });
    expect(world.sandbox('stray').spec.cancel).toBe(true);
    world.change('stray', { status: { phase: 'Cancelled' } });
    expect(world.settle().status).toMatchObject({ status: 'RUNNING' });
  });

  it('answers to messages that needed it run again, too', () => {
    const world = ended([node('a')]);
    world.post();
    world.settle();
    world.change(nameOf('message-1'), { status: succeeded('m 1') });
    world.settle();
    retry(world, 'a');
    world.settle();
    world.change(nameOf('a', 2), { status: succeeded('a 2') });
    world.settle();
    expect(world.sandbox(nameOf('message-1', 2)).spec.prompt).toBe('words 1');
    world.change(nameOf('message-1', 2), { status: succeeded('m 2') });
    expect(world.settle().status).toMatchObject({ status: 'COMPLETED', result: { value: 'm 2' } });
  });
});
