import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findCondition } from '#api/machinery/condition';
import type { Sandbox, SandboxStatus } from '#api/types/generated/sandbox';
import { isFinalPhase } from '#api/types/sandbox';
import { isAtRest } from '#api/types/task';
import type { PlannedNode } from '../graph/graph.ts';
import { line, node } from '../graph/made-up.ts';
import { readRecords } from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';
import { PlanConflict, resolved, World } from './world.ts';
import type { Cache } from './world.ts';

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

  const agents: { why: string; words: object; spec: object; from: string }[] = [
    { why: "the one whose answer is the Task's", words: {}, spec: {}, from: 's2' },
    { why: 'the node that is named', words: { node: 's0' }, spec: {}, from: 's0' },
    { why: 'the member that is named', words: { member: 'two' }, spec: {}, from: 's1' },
    { why: 'the stage of compatible clients', words: {}, spec: { currentStage: 1 }, from: 's1' },
    { why: 'a name that nobody has', words: { member: 'x' }, spec: {}, from: 's2' },
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

const hasHeard =
  (id: string) =>
  ({ messages, history = [] }: NodeRecord): boolean =>
    [{ messages }, ...history].some((end) => end.messages?.includes(id) === true);

const graph: fc.Arbitrary<PlannedNode[]> = fc
  .array(fc.record({ needs: fc.boolean(), steer: fc.boolean(), goesOn: fc.boolean() }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((all) =>
    all.map(({ needs, steer, goesOn }, index) =>
      node(`n${index}`, {
        needs: needs && index > 0 ? [`n${index - 1}`] : [],
        shell: { type: steer ? 'ClaudeCode' : 'Agno' },
        policy: { requireConfirmation: false, onFailure: goesOn ? 'Continue' : 'FailTask' },
      }),
    ),
  );

const which = fc.nat({ max: 9 });
const happening = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('plan' as const), which: fc.nat({ max: 1 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('hear' as const), which: fc.nat({ max: 1 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('post' as const), which }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('apply' as const), which }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('succeed' as const), which }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('lose' as const, 'fail' as const, 'cancel' as const, 'retry' as const),
      which,
    }),
  },
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

/** People who speak, agents that hear, and two controllers with caches of their own. */
class Talk {
  readonly world: World;
  readonly #caches: Cache[];

  constructor(nodes: PlannedNode[]) {
    this.world = new World(resolved(...nodes));
    this.#caches = [this.world.cache(), this.world.cache()];
  }

  live(): Sandbox[] {
    return this.world.sandboxes().filter(({ status }) => !isFinalPhase(status?.phase));
  }

  happen({ kind, which: index }: Happening): void {
    if (kind === 'post') return void this.world.post({ policy: index % 2 === 0 ? 'Queue' : 'Interrupt' });
    if (kind === 'cancel') return this.world.edit({ cancel: true });
    if (kind === 'retry') return this.#retry(index);
    if (kind === 'hear') return void (this.#caches[index] = this.world.cache());
    if (kind === 'plan') return this.plan(index);
    const live = this.live();
    const run = live[index % Math.max(live.length, 1)];
    if (run === undefined) return;
    const applied = run.status?.appliedMessages ?? [];
    const next = run.spec.messages?.find(({ id }) => !applied.includes(id));
    const { name } = run.metadata;
    const ends = {
      succeed: succeeded(name),
      lose: { phase: 'Failed', reason: 'ExecutorLost' },
      fail: { phase: 'Failed', reason: 'AgentFailed' },
      apply: { phase: 'Running', appliedMessages: next === undefined ? applied : [...applied, next.id] },
    } as const satisfies Record<string, SandboxStatus>;
    this.world.change(name, { status: ends[kind] });
  }

  #retry(index: number): void {
    const { retries = [] } = this.world.task().spec;
    const wish = { id: `r${retries.length}`, ...(index > 4 ? {} : { node: `n${index}` }) };
    this.world.edit({ retries: [...retries, wish] });
  }

  plan(index: number): void {
    try {
      this.world.step(this.#caches[index]);
    } catch (error) {
      if (!(error instanceof PlanConflict)) throw error;
    }
    this.#judge();
  }

  finish(): void {
    for (let round = 0; round < 200; round += 1) {
      this.#caches[0] = this.world.cache();
      this.plan(0);
      const live = this.live();
      if (isAtRest(this.world.task()) && live.length === 0) return;
      for (const { metadata, spec } of live) {
        const status = spec.cancel === true ? { phase: 'Cancelled' as const } : succeeded(metadata.name);
        this.world.change(metadata.name, { status });
      }
    }
    throw new Error('the Task does not end');
  }

  /** No words are with two agents that work, and no node has two of them. */
  #judge(): void {
    const nodes = this.live().map(({ spec }) => spec.node);
    expect(new Set(nodes).size).toBe(nodes.length);
    const given = this.live().flatMap(({ spec }) => (spec.messages ?? []).map(({ id }) => id));
    const prompts = this.live().flatMap(({ spec }) => spec.promptMessage ?? []);
    const all = [...given, ...prompts];
    expect(new Set(all).size).toBe(all.length);
  }
}

it('whatever happens: each message is heard once for good, or expires with its Task, and an end is an end', () => {
  fc.assert(
    fc.property(graph, fc.array(happening, { maxLength: 80, size: 'max' }), (nodes, happenings) => {
      const talk = new Talk(nodes);
      for (const what of happenings) talk.happen(what);
      talk.finish();
      const { spec, status } = talk.world.task();
      expect((status?.messages ?? []).map(({ id }) => id)).toEqual((spec.messages ?? []).map(({ id }) => id));
      const records = readRecords(status);
      for (const { id, state, node: by } of status?.messages ?? []) {
        const heard = records.filter(hasHeard(id)).map((record) => record.node);
        const own = records
          .filter((record) => record.node === `message-${id.slice(2)}`)
          .map((record) => record.node);
        expect([...heard, ...own]).toEqual(state === 'Applied' ? [by] : []);
      }
      const ends = records.map((record) => record.status);
      expect(ends.filter((end) => end === 'PENDING' || end === 'RUNNING')).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
