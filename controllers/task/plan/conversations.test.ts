import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Sandbox, SandboxStatus } from '#api/types/generated/sandbox';
import { isFinalPhase } from '#api/types/sandboxes/sandbox';
import { isAtRest } from '#api/types/tasks/task';
import type { PlannedNode } from '../graph/graph.ts';
import { node } from '../graph/made-up.ts';
import { readRecords } from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';
import { People } from './people.ts';
import { PlanConflict, resolved, World } from './world.ts';
import type { Cache } from './world.ts';

/** Conversations, whatever happens. */

const succeeded = (value: string): SandboxStatus => ({
  phase: 'Succeeded',
  reason: 'Succeeded',
  result: { value, sessionId: `session of ${value}` },
});

const hasHeard =
  (id: string) =>
  ({ messages, history = [] }: NodeRecord): boolean =>
    [{ messages }, ...history].some((end) => end.messages?.includes(id) === true);

const graph: fc.Arbitrary<PlannedNode[]> = fc
  .array(fc.record({ needs: fc.boolean(), steer: fc.boolean(), goesOn: fc.boolean(), asks: fc.boolean() }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((all) =>
    all.map(({ needs, steer, goesOn, asks }, index) =>
      node(`n${index}`, {
        needs: needs && index > 0 ? [`n${index - 1}`] : [],
        shell: { type: steer ? 'ClaudeCode' : 'Agno' },
        policy: { requireConfirmation: asks, onFailure: goesOn ? 'Continue' : 'FailTask' },
      }),
    ),
  );

const NOBODY = 'nobody';
/** Whom some messages name. */
const MEANT: Readonly<Record<number, string>> = { 7: NOBODY, 8: 'n0', 9: 'n1' };

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
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('approve' as const, 'reject' as const), which }),
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
    if (kind === 'post') {
      const member = MEANT[index];
      const policy = index % 2 === 0 ? 'Queue' : 'Interrupt';
      return void this.world.post({ policy, ...(member === undefined ? {} : { member }) });
    }
    if (kind === 'cancel') return this.world.edit({ cancel: true });
    if (kind === 'retry') return this.#retry(index);
    if (kind === 'hear') return void (this.#caches[index] = this.world.cache());
    if (kind === 'plan') return this.plan(index);
    if (kind === 'approve' || kind === 'reject') return new People(this.world).decide(kind, index);
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
      new People(this.world).approveAll();
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

/** A message that names a member is with runs of that member alone. */
function judgeAddressees(world: World): void {
  const { spec, status } = world.task();
  const by = new Map((status?.messages ?? []).map(({ id, node: its }) => [id, its]));
  for (const { member, id } of spec.messages ?? []) {
    const answering = by.get(id);
    if (member === undefined || answering === undefined) continue;
    const runs = world.sandboxes().filter((run) => run.spec.node === answering);
    for (const run of runs) expect(run.spec.agent?.botName).toBe(`${member}-bot`);
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
          .filter(({ node: its, attempt }) => its === `message-${id.slice(2)}` && attempt !== undefined)
          .map((record) => record.node);
        expect([...heard, ...own]).toEqual(state === 'Applied' ? [by] : []);
      }
      judgeAddressees(talk.world);
      const members = new Set(nodes.map(({ name }) => name));
      const unknown = (spec.messages ?? []).filter(({ member = 'n0' }) => !members.has(member));
      const states = new Map((status?.messages ?? []).map(({ id, state }) => [id, state]));
      for (const { id } of unknown) expect(states.get(id)).not.toBe('Applied');
      for (const [id, state] of states) {
        if (state === 'Rejected') expect(unknown.map((one) => one.id)).toContain(id);
      }
      const ends = records.map((record) => record.status);
      expect(ends.filter((end) => end === 'PENDING' || end === 'RUNNING')).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
