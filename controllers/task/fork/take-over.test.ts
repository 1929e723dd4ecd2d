import { describe, expect, it } from 'vitest';
import type { SandboxStatus } from '#api/types/generated/sandbox';
import type { Task, TaskForkFrom } from '#api/types/generated/task';
import type { PlannedNode } from '../graph/graph.ts';
import { line, node } from '../graph/made-up.ts';
import { readRecords } from '../node-record.ts';
import { resolved, World } from '../plan/world.ts';
import { makeRevision } from '../revision/task-revision.ts';
import { takeOver } from './take-over.ts';

/** A Task that goes on from a step of another one. */

const nameOf = (id: string, attempt = 1): string => `fix-abcde-${id}-a${attempt}`;
const ended = (value: string): SandboxStatus => ({
  phase: 'Succeeded',
  reason: 'Succeeded',
  result: {
    value,
    sessionId: `session of ${value}`,
    usage: { inputTokens: 10, outputTokens: 5 },
    costUSD: 1,
  },
});
const FAILED: SandboxStatus = { phase: 'Failed', reason: 'AgentFailed', message: 'why' };

/** A Task whose steps have come to these ends, one after the other. */
function parentOf(nodes: readonly PlannedNode[], ends: Record<string, SandboxStatus>): World {
  const world = new World(resolved(...nodes));
  world.settle();
  for (const [id, status] of Object.entries(ends)) {
    world.change(nameOf(id), { status });
    world.settle();
  }
  return world;
}

/** The fork of a Task in a world of its own, at its beginning; the problem where it has none. */
function forkOf(parent: World, forkFrom: Partial<TaskForkFrom> & { step: string }): World | string {
  const spec = { forkFrom: { task: 'fix', uid: 'parent', ...forkFrom } };
  const words = forkFrom.text === undefined ? [] : [wordsOf(forkFrom.text, forkFrom)];
  const said = (parent.task().spec.messages ?? []).slice(0, forkFrom.messages ?? 0);
  const world = new World(parent.resolution, { ...spec, messages: [...said, ...words] });
  if (world.resolution.outcome !== 'resolved') throw new Error('not resolved');
  const revision = makeRevision(world.resolution.content);
  const other: Task = { ...parent.task(), metadata: { ...parent.task().metadata, uid: 'parent' } };
  const found = takeOver(world.task(), { parent: other, revision, programs: parent.programs });
  if ('problem' in found) return found.problem;
  world.inheritance = found;
  return world;
}

const wordsOf = (text: string, { messages = 0, step }: Partial<TaskForkFrom> & { step: string }) => ({
  id: `id${messages + 1}`,
  number: messages + 1,
  text,
  policy: 'Queue' as const,
  node: step,
});

function begun(parent: World, forkFrom: Partial<TaskForkFrom> & { step: string }): World {
  const world = forkOf(parent, forkFrom);
  if (typeof world === 'string') throw new Error(world);
  world.settle();
  return world;
}

const takenBy = (world: World): string[] =>
  readRecords(world.task().status).flatMap((one) => (one.forkedFrom === undefined ? [] : [one.node]));

const THREE = line({ name: 'a' }, { name: 'b' }, { name: 'c' });

describe('a fork', () => {
  it('does the rest, with the session, the files and the answers of what was done', () => {
    const parent = parentOf(THREE, { s0: ended('x'), s1: ended('y'), s2: ended('z') });
    const fork = begun(parent, { step: 's1' });
    expect(takenBy(fork)).toEqual(['s0', 's1']);
    expect(fork.names()).toEqual([nameOf('s2')]);
    expect(fork.sandbox(nameOf('s2')).spec).toMatchObject({
      prompt: expect.stringContaining('y'),
      continueFrom: [{ name: nameOf('s1'), uid: 'sandbox-2', taskUID: 'parent' }],
    });
    expect(fork.task().status).toMatchObject({ status: 'RUNNING', progress: 66 });
  });

  it('that is suspended has what it takes over from its first status on, and needs the other Task no longer', () => {
    const parent = parentOf(THREE, { s0: ended('x') });
    const fork = forkOf(parent, { step: 's0' });
    if (typeof fork === 'string') throw new Error(fork);
    fork.edit({ suspend: true });
    fork.settle();
    expect(takenBy(fork)).toEqual(['s0']);
    expect(fork.names()).toEqual([]);
    expect(fork.task().status?.message).toContain('spec.suspend is set.');
    expect(fork.task().status?.revision, 'which nobody collects then').toBe(fork.revisions()[0]);
    fork.inheritance = undefined;
    fork.edit({ suspend: false });
    fork.settle();
    expect(fork.names()).toEqual([nameOf('s1')]);
    expect(takenBy(fork)).toEqual(['s0']);
  });

  it('counts the use of its own runs alone', () => {
    const parent = parentOf(THREE, { s0: ended('x'), s1: ended('y') });
    const fork = begun(parent, { step: 's0' });
    fork.edit({ tokenBudget: 40 });
    fork.settle();
    expect(fork.task().status?.budget).toMatchObject({ tokens: 0 });
    for (const id of ['s1', 's2']) {
      fork.change(nameOf(id), { status: ended(id) });
      fork.settle();
    }
    expect(fork.task().status).toMatchObject({
      status: 'COMPLETED',
      budget: { tokens: 30, costUSD: 2 },
      result: { value: 's2', usage: { inputTokens: 20, outputTokens: 10 }, costUSD: 2 },
    });
  });

  it('that has nothing left to do is complete at once, and can be talked to', () => {
    const parent = parentOf([node('a')], { a: ended('x') });
    const fork = begun(parent, { step: 'a' });
    expect(fork.task().status).toMatchObject({ status: 'COMPLETED', result: { value: 'x' } });
    fork.post();
    fork.settle();
    expect(fork.sandbox(nameOf('message-1')).spec).toMatchObject({
      prompt: 'words 1',
      session: { id: 'session of x' },
      continueFrom: [{ name: nameOf('a'), uid: 'sandbox-1', taskUID: 'parent' }],
    });
  });

  it('with words goes on with them from a step, in place of what would come next', () => {
    const parent = parentOf(THREE, { s0: ended('x'), s1: FAILED });
    const fork = begun(parent, { step: 's1', text: 'Try this.' });
    expect(takenBy(fork)).toEqual(['s0', 's1']);
    expect(fork.names()).toEqual([nameOf('message-1')]);
    expect(fork.sandbox(nameOf('message-1')).spec.prompt).toContain('Try this.');
    fork.change(nameOf('message-1'), { status: ended('done') });
    expect(fork.settle().status).toMatchObject({ status: 'COMPLETED', result: { value: 'done' } });
  });

  it('takes over what was said up to the step, and nobody answers it once more', () => {
    const parent = parentOf([node('a')], { a: ended('x') });
    for (const id of ['message-1', 'message-2']) {
      parent.post();
      parent.settle();
      parent.change(nameOf(id), { status: ended(id) });
      parent.settle();
    }
    const fork = begun(parent, { step: 'message-1', messages: 1 });
    expect(takenBy(fork)).toEqual(['a', 'message-1']);
    expect(fork.task().status).toMatchObject({
      status: 'COMPLETED',
      result: { value: 'message-1' },
      messages: [{ id: 'id1', state: 'Applied', node: 'message-1' }],
    });
    fork.post();
    fork.settle();
    expect(fork.names()).toEqual([nameOf('message-2')]);
  });

  it('lets go of words that none of its steps has heard', () => {
    const parent = parentOf([node('a'), node('b')], { a: ended('x') });
    parent.post();
    parent.settle();
    const fork = begun(parent, { step: 'a', messages: 1 });
    expect(fork.task().status?.messages).toEqual([{ id: 'id1', state: 'Expired' }]);
    expect(fork.names()).toEqual([nameOf('b')]);
  });

  it('runs a step again that it has taken over, if people want that, and counts the new run', () => {
    const parent = parentOf([node('a')], { a: ended('x') });
    const fork = begun(parent, { step: 'a' });
    fork.edit({ retries: [{ id: '1', node: 'a' }] });
    fork.settle();
    expect(fork.names()).toEqual([nameOf('a', 2)]);
    fork.change(nameOf('a', 2), { status: ended('again') });
    expect(fork.settle().status).toMatchObject({ result: { value: 'again', costUSD: 1 } });
    expect(takenBy(fork)).toEqual([]);
  });

  it.each([
    { reason: 'a yes of people to the end of a step stays', decision: 'Approved', asks: [], runs: ['s1'] },
    { reason: 'a no is asked about once more', decision: 'Rejected', asks: ['Stage'], runs: [] },
  ] as const)('$reason', ({ decision, asks, runs }) => {
    const parent = parentOf(line({ name: 'a', requireConfirmation: true }, { name: 'b' }), {
      s0: ended('x'),
    });
    const [approval] = parent.openApprovals();
    const decided = { phase: 'Decided', decision, decidedBy: { name: 'ann' } } as const;
    parent.decide(approval?.metadata.name ?? '', decided);
    parent.settle();
    const fork = begun(parent, { step: 's0' });
    expect(fork.openApprovals().map(({ spec }) => spec.purpose)).toEqual(asks);
    expect(fork.names()).toEqual(runs.map((id) => nameOf(id)));
  });

  it('of a fork has the work of the first Task', () => {
    const parent = parentOf(THREE, { s0: ended('x') });
    const fork = begun(parent, { step: 's0' });
    fork.change(nameOf('s1'), { status: ended('y') });
    fork.settle();
    const next = begun(fork, { step: 's1', uid: 'second' });
    const from = readRecords(next.task().status).map(({ forkedFrom }) => forkedFrom?.uid);
    expect(from).toEqual(['parent', 'parent', undefined]);
  });
});

const CONTINUE = { requireConfirmation: false, onFailure: 'Continue' } as const;

describe('a fork takes over', () => {
  const cases: {
    reason: string;
    nodes: readonly PlannedNode[];
    ends: Record<string, SandboxStatus>;
    step: string;
    want: string[];
  }[] = [
    {
      reason: 'a step beside it that has ended',
      nodes: [node('a'), node('b'), node('c', { needs: ['a', 'b'] })],
      ends: { a: ended('x'), b: ended('y') },
      step: 'b',
      want: ['a', 'b'],
    },
    {
      reason: 'not one beside it that still runs',
      nodes: [node('a'), node('b'), node('c', { needs: ['a', 'b'] })],
      ends: { b: ended('y') },
      step: 'b',
      want: ['b'],
    },
    {
      reason: 'not one that comes later',
      nodes: [node('a'), node('b')],
      ends: { a: ended('x'), b: ended('y') },
      step: 'a',
      want: ['a'],
    },
    {
      reason: 'what the step needed, wherever that is listed',
      nodes: [node('a', { needs: ['b'] }), node('b'), node('c')],
      ends: { b: ended('y'), a: ended('x'), c: ended('z') },
      step: 'a',
      want: ['a', 'b'],
    },
    {
      reason: 'a failure that the Task goes on behind',
      nodes: [node('a', { policy: CONTINUE }), node('b', { needs: ['a'] })],
      ends: { a: FAILED, b: ended('x') },
      step: 'b',
      want: ['a', 'b'],
    },
  ];
  it.each(cases)('$reason', ({ nodes, ends, step, want }) => {
    expect(takenBy(begun(parentOf(nodes, ends), { step }))).toEqual(want);
  });

  it.each([
    { reason: 'that is not there', step: 'x', want: 'Task "fix" has no step "x".' },
    {
      reason: 'that has not ended',
      step: 's2',
      want: 'Step "s2" of Task "fix" has not ended: it runs again.',
    },
    {
      reason: 'behind which the Task does not go on',
      step: 's1',
      want: 'Task "fix" does not go on behind step "s1", which is FAILED; words (spec.forkFrom.text) do.',
    },
  ])('nothing at a step $reason', ({ step, want }) => {
    const [a, b, c] = THREE;
    if (a === undefined || b === undefined || c === undefined) throw new Error('three');
    const ends = step === 's1' ? { s0: ended('x'), s1: FAILED } : { s0: ended('x') };
    expect(forkOf(parentOf([a, b, c], ends), { step })).toBe(want);
  });

  it('nothing at a step whose answer had no room in the status', () => {
    const parent = parentOf(THREE, { s0: ended('x') });
    parent.rewrite((status) => ({
      ...status,
      subTasks: (status.subTasks ?? []).map((record) => Object.assign({}, record, { isLeftOut: true })),
    }));
    expect(forkOf(parent, { step: 's0' })).toBe('The answer of step "s0" of Task "fix" is lost.');
  });
});
