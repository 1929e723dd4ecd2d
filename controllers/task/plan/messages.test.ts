import { describe, expect, it } from 'vitest';
import { findCondition } from '#api/machinery/condition';
import type { SandboxStatus } from '#api/types/generated/sandbox';
import type { PlannedNode } from '../graph/graph.ts';
import { line, node } from '../graph/made-up.ts';
import { People } from './people.ts';
import { resolved, World } from './world.ts';

/** Messages of people: to runs under way, and to Tasks that have ended. */

const nameOf = (id: string, attempt = 1): string => `fix-abcde-${id}-a${attempt}`;
const RUNNING: SandboxStatus = { phase: 'Running' };
const succeeded = (value: string, more: SandboxStatus = {}): SandboxStatus => ({
  phase: 'Succeeded',
  reason: 'Succeeded',
  result: { value, sessionId: `session of ${value}` },
  ...more,
});

function started(...nodes: PlannedNode[]): World {
  const world = new World(resolved(...nodes));
  world.settle();
  return world;
}

function ended(...nodes: PlannedNode[]): World {
  const world = started(...nodes);
  for (const name of world.names()) world.change(name, { status: succeeded(name) });
  world.settle();
  return world;
}

const wordsOf = (world: World, name: string): string[] =>
  (world.sandbox(name).spec.messages ?? []).map(({ id }) => id);

describe('a message to a Task under way', () => {
  it('goes to its run, and says whether it interrupts', () => {
    const world = started(node('a'));
    world.post();
    world.post({ policy: 'Interrupt' });
    world.settle();
    expect(world.sandbox(nameOf('a')).spec.messages).toEqual([
      { id: 'id1', text: 'words 1' },
      { id: 'id2', text: 'words 2', interrupt: true },
    ]);
  });

  it('that its agent has got is done with, and is told of in the status', () => {
    const world = started(node('a'));
    world.post();
    world.settle();
    world.change(nameOf('a'), { status: succeeded('x', { appliedMessages: ['id1'] }) });
    expect(world.settle().status).toMatchObject({
      status: 'COMPLETED',
      messages: [{ id: 'id1', state: 'Applied', node: 'a' }],
    });
    expect(world.names()).toEqual([nameOf('a')]);
  });

  it('that its agent has not got is answered by a run of its own, before the Task is complete', () => {
    const world = started(node('a'));
    world.post();
    world.change(nameOf('a'), { status: RUNNING });
    world.settle();
    world.change(nameOf('a'), { status: succeeded('x') });
    expect(world.settle().status).toMatchObject({ status: 'RUNNING', subTasks: [{}, { node: 'message-1' }] });
    expect(world.names()).toEqual([nameOf('a'), nameOf('message-1')]);
  });

  it('goes to the next attempt when a run is lost, whether or not the lost one had got it', () => {
    const world = started(node('a'));
    world.post();
    world.settle();
    const lost: SandboxStatus = { phase: 'Failed', reason: 'ExecutorLost', appliedMessages: ['id1'] };
    world.change(nameOf('a'), { status: lost });
    world.settle();
    expect(wordsOf(world, nameOf('a', 2))).toEqual(['id1']);
  });

  const meant: { why: string; words: object; runs: string[] }[] = [
    { why: 'nobody is named: the first', words: {}, runs: ['a'] },
    { why: 'a node is named', words: { node: 'b' }, runs: ['b'] },
    { why: 'a member is named', words: { member: 'b' }, runs: ['b'] },
  ];
  it.each(meant)('goes to one of several runs: $why', ({ words, runs }) => {
    const world = started(node('a'), node('b'));
    world.post(words);
    world.settle();
    const got = ['a', 'b'].filter((id) => wordsOf(world, nameOf(id)).length > 0);
    expect(got).toEqual(runs);
  });

  it('that names an unknown member is rejected, and nobody answers it', () => {
    const world = started(node('a'));
    world.post({ member: 'nobody' });
    world.post();
    world.settle();
    expect(wordsOf(world, nameOf('a'))).toEqual(['id2']);
    world.change(nameOf('a'), { status: succeeded('x', { appliedMessages: ['id2'] }) });
    expect(world.settle().status).toMatchObject({
      status: 'COMPLETED',
      messages: [
        { id: 'id1', state: 'Rejected', message: 'No member is called "nobody"; there are a.' },
        { id: 'id2', state: 'Applied', node: 'a' },
      ],
    });
    expect(world.names()).toEqual([nameOf('a')]);
  });

  it('that names a member whose node is called by its step goes to the run of that member', () => {
    const world = started(node('a', { member: 'amy' }), node('b', { member: 'ben' }));
    world.post({ member: 'ben' });
    world.settle();
    expect([wordsOf(world, nameOf('a')), wordsOf(world, nameOf('b'))]).toEqual([[], ['id1']]);
  });

  it('waits where the agent takes no words while it works', () => {
    const world = started(node('a', { shell: { type: 'Agno' } }));
    world.post();
    world.settle();
    expect(wordsOf(world, nameOf('a'))).toEqual([]);
    world.change(nameOf('a'), { status: succeeded('x') });
    world.settle();
    expect(world.sandbox(nameOf('message-1')).spec.prompt).toBe('words 1');
  });

  it('expires when the Task fails or is cancelled before an agent has got it', () => {
    const world = started(node('a', { shell: { type: 'Agno' } }));
    world.post();
    world.edit({ cancel: true });
    world.settle();
    world.change(nameOf('a'), { status: { phase: 'Cancelled', reason: 'Cancelled' } });
    expect(world.settle().status).toMatchObject({
      status: 'CANCELLED',
      messages: [{ id: 'id1', state: 'Expired' }],
    });
  });
});

describe('a message to a Task that has ended', () => {
  it('takes it up again: the agent goes on in its session, with its files', () => {
    const world = ended(node('a'));
    world.post();
    expect(world.settle().status).toMatchObject({ status: 'PENDING', progress: 50 });
    const { spec } = world.sandbox(nameOf('message-1'));
    expect(spec).toMatchObject({
      prompt: 'words 1',
      promptMessage: 'id1',
      session: { id: `session of ${nameOf('a')}` },
      continueFrom: [{ name: nameOf('a') }],
      workspace: { workBranch: 'troupe/fix' },
    });
  });

  const unconfirmed: { why: string; end: (world: World) => void; status: string }[] = [
    {
      why: 'people rejected it behind a stage',
      end: (world) => new People(world).decide('reject', 0),
      status: 'FAILED',
    },
    {
      why: 'it was cancelled while a stage waited to be confirmed',
      end: (world) => world.edit({ cancel: true }),
      status: 'CANCELLED',
    },
  ];
  it.each(unconfirmed)('is answered although $why', ({ end, status }) => {
    const world = ended(...line({ name: 'dev', requireConfirmation: true }, { name: 'review' }));
    end(world);
    expect(world.settle().status).toMatchObject({ status });
    world.post();
    expect(world.settle().status).toMatchObject({ status: 'PENDING' });
    world.change(nameOf('message-1'), { status: succeeded('y') });
    expect(world.settle().status).toMatchObject({ status: 'COMPLETED', result: { value: 'y' } });
    expect(world.names()).toEqual([nameOf('s0'), nameOf('message-1')]);
  });

  it('is answered although nobody confirmed its last step', () => {
    const world = ended(...line({ name: 'dev', requireConfirmation: true }));
    world.post();
    world.settle();
    world.change(nameOf('message-1'), { status: succeeded('y') });
    expect(world.settle().status).toMatchObject({ status: 'COMPLETED', result: { value: 'y' } });
  });

  it('lets no step behind a stage run unconfirmed that runs again later', () => {
    const world = ended(...line({ name: 'dev', requireConfirmation: true }, { name: 'review' }));
    new People(world).decide('reject', 0);
    world.settle();
    world.post();
    world.settle();
    world.change(nameOf('message-1'), { status: succeeded('y') });
    world.settle();
    world.edit({ retries: [{ id: 'r', node: 's0' }] });
    world.settle();
    world.change(nameOf('s0', 2), { status: succeeded('z') });
    world.settle();
    expect(world.openApprovals()).toMatchObject([{ spec: { purpose: 'Stage', node: 's0' } }]);
    expect(world.names()).not.toContain(nameOf('s1'));
    new People(world).approveAll();
    world.settle();
    expect(world.names()).toContain(nameOf('s1'));
  });

  it('its answer is that of the Task, and the times begin again', () => {
    const world = ended(node('a'));
    const { status } = world.task();
    world.post();
    world.now = '2026-01-02T00:00:00Z';
    expect(world.settle().status).not.toHaveProperty('completedAt');
    expect(findCondition(world.task().status?.conditions, 'Complete')).toBeUndefined();
    world.change(nameOf('message-1'), { status: RUNNING });
    expect(world.settle().status).toMatchObject({ status: 'RUNNING' });
    world.change(nameOf('message-1'), { status: succeeded('second') });
    expect(world.settle().status).toMatchObject({
      status: 'COMPLETED',
      progress: 100,
      completedAt: '2026-01-02T00:00:00Z',
      createdAt: status?.createdAt,
      result: { value: 'second' },
      messages: [{ id: 'id1', state: 'Applied', node: 'message-1' }],
    });
  });

  it('a second one goes on from the answer to the first', () => {
    const world = ended(node('a'));
    world.post();
    world.settle();
    world.change(nameOf('message-1'), { status: succeeded('second') });
    world.settle();
    world.post();
    world.settle();
    expect(world.sandbox(nameOf('message-2')).spec).toMatchObject({
      session: { id: 'session of second' },
      continueFrom: [{ name: nameOf('message-1') }],
    });
  });

  it.each(['Failed', 'Cancelled'] as const)(
    'one that was %s goes on, and may come to a good end',
    (phase) => {
      const world = started(node('a'), node('b', { needs: ['a'] }));
      const result = { value: '', sessionId: 'half' };
      world.change(nameOf('a'), { status: { phase, reason: 'AgentFailed', message: 'why', result } });
      world.settle();
      world.post();
      expect(world.settle().status).not.toHaveProperty('errorMessage');
      const { spec } = world.sandbox(nameOf('message-1'));
      expect(spec).toMatchObject({ session: { id: 'half' }, prompt: 'words 1' });
      world.change(nameOf('message-1'), { status: succeeded('done') });
      expect(world.settle().status).toMatchObject({ status: 'COMPLETED', result: { value: 'done' } });
      expect(world.names()).toEqual([nameOf('a'), nameOf('message-1')]);
    },
  );

  it('one whose agent has said nothing and has no session is told what the Task is', () => {
    const world = started(node('a'));
    world.change(nameOf('a'), { status: { phase: 'Failed', reason: 'StartFailed' } });
    world.settle();
    world.post();
    world.settle();
    expect(world.sandbox(nameOf('message-1')).spec.prompt).toBe('do it\n\nwords 1');
  });

  it('an answer that fails fails the Task, and the next message takes it up', () => {
    const world = ended(node('a'));
    world.post();
    world.settle();
    world.change(nameOf('message-1'), { status: { phase: 'Failed', reason: 'AgentFailed', message: 'why' } });
    expect(world.settle().status).toMatchObject({
      status: 'FAILED',
      errorMessage: expect.stringContaining('why'),
    });
    world.post();
    world.settle();
    world.change(nameOf('message-2'), { status: succeeded('better') });
    expect(world.settle().status).toMatchObject({ status: 'COMPLETED', result: { value: 'better' } });
  });

  it('an agent that keeps no session is told what was said', () => {
    const chat = { shell: { type: 'Chat' as const }, workspace: { uses: false } };
    const world = started(node('a', chat));
    world.post();
    world.settle();
    const heard = { result: { value: 'first' }, appliedMessages: ['id1'] };
    world.change(nameOf('a'), { status: { phase: 'Succeeded', reason: 'Succeeded', ...heard } });
    world.settle();
    world.post();
    world.settle();
    const { spec } = world.sandbox(nameOf('message-2'));
    expect([spec.history, spec.prompt, spec.session]).toEqual([
      [
        { role: 'user', text: 'do it\n\nwords 1' },
        { role: 'assistant', text: 'first' },
      ],
      'words 2',
      undefined,
    ]);
  });

  const ends: SandboxStatus[] = [
    { phase: 'Succeeded', reason: 'Succeeded', result: { value: 'x' } },
    { phase: 'Failed', reason: 'AgentFailed' },
    { phase: 'Cancelled', reason: 'Cancelled' },
  ];
  it.each(ends)('changes nothing where nobody has the name of the member: $phase', (end) => {
    const world = started(node('a'));
    if (end.phase === 'Cancelled') world.edit({ cancel: true });
    world.settle();
    world.change(nameOf('a'), { status: end });
    const { status } = world.settle();
    world.edit({ cancel: false });
    world.post({ member: 'x' });
    expect(world.settle().status).toMatchObject({
      status: status?.status,
      messages: [{ id: 'id1', state: 'Rejected' }],
    });
    expect(world.names()).toEqual([nameOf('a')]);
  });

  const agents: { why: string; words: object; spec: object; from: string }[] = [
    { why: "the one whose answer is the Task's", words: {}, spec: {}, from: 's2' },
    { why: 'the node that is named', words: { node: 's0' }, spec: {}, from: 's0' },
    { why: 'the member that is named', words: { member: 'two' }, spec: {}, from: 's1' },
    { why: 'the stage of compatible clients', words: {}, spec: { currentStage: 1 }, from: 's1' },
  ];
  it.each(agents)('is answered by the agent that is meant: $why', ({ words, spec, from }) => {
    const world = started(...line({ name: 'one' }, { name: 'two' }, { name: 'three' }));
    for (const id of ['s0', 's1', 's2']) {
      world.change(nameOf(id), { status: succeeded(id) });
      world.settle();
    }
    world.edit(spec);
    world.post(words);
    world.settle();
    expect(world.sandbox(nameOf('message-1')).spec.session).toEqual({ id: `session of ${from}` });
  });
});

it.each(['message-998', 'a', undefined])(
  'a conversation of a thousand turns goes on, here with %s',
  (name) => {
    const world = ended(node('a'));
    const turns = Array.from({ length: 998 }, (_, index) => index + 1);
    world.edit({
      messages: turns.map((number) => ({
        id: `id${number}`,
        number,
        text: 'words',
        policy: 'Queue' as const,
      })),
    });
    const records = turns.map((number) => ({
      ...{ node: `message-${number}`, goesOnFrom: number === 1 ? 'a' : `message-${number - 1}` },
      ...{ status: 'COMPLETED' as const, attempt: 1, executor_name: `x${number}`, sandboxUID: `u${number}` },
      result: { value: 'ok', sessionId: `s${number}` },
    }));
    world.rewrite((status) => ({
      ...status,
      messages: turns.map((number) => ({ id: `id${number}`, state: 'Applied' })),
      subTasks: [...(status.subTasks ?? []), ...records],
    }));
    world.post(name === undefined ? {} : { node: name });
    const [run] = world.plan().create;
    expect(run?.spec).toMatchObject({
      node: 'message-999',
      session: { id: 's998' },
      continueFrom: [{ name: 'x998', uid: 'u998' }],
    });
  },
);
