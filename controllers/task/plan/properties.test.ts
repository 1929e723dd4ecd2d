import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findCondition } from '#api/machinery/condition';
import type { Sandbox, SandboxStatus } from '#api/types/generated/sandbox';
import type { TaskSpec, TaskStatus } from '#api/types/generated/task';
import { isFinalPhase } from '#api/types/sandboxes/sandbox';
import { isFinalTaskStatus } from '#api/types/tasks/task';
import { nextStates } from '#api/types/tasks/task-transitions';
import { validateGraph } from '../graph/graph.ts';
import type { PlannedNode } from '../graph/graph.ts';
import { line, node } from '../graph/made-up.ts';
import { readRecords } from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';
import { olderVersionOf } from './older-version.ts';
import { isGuardedNode, People } from './people.ts';
import { PlanConflict, resolved, World } from './world.ts';
import type { Cache } from './world.ts';

/** The traits of one node of a random graph; it needs some of the nodes before it. */
const traits = fc.record({
  needs: fc.array(fc.nat({ max: 6 }), { maxLength: 3 }),
  requireConfirmation: fc.boolean(),
  maxAttempts: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
  onFailure: fc.constantFrom('FailTask' as const, 'Continue' as const),
  uses: fc.boolean(),
  goesOn: fc.boolean(),
  isGuarded: fc.boolean(),
});

/** An acyclic graph of up to seven nodes, listed in any order. */
const graph: fc.Arbitrary<PlannedNode[]> = fc
  .array(traits, { minLength: 1, maxLength: 7, size: 'max' })
  .map((all) =>
    all.map(({ needs, maxAttempts, uses, goesOn, requireConfirmation, onFailure, isGuarded }, index) => {
      const ids = [...new Set(needs.filter((need) => need < index).map((need) => `n${need}`))];
      const [first] = ids;
      return node(`n${index}`, {
        needs: ids,
        inputs: { taskPrompt: true, results: ids.map((from) => ({ from, label: from })) },
        policy: { requireConfirmation, onFailure, ...(maxAttempts === undefined ? {} : { maxAttempts }) },
        ...(isGuarded ? { approval: { approvers: { users: ['ann'] } } } : {}),
        workspace: { uses, ...(goesOn && first !== undefined ? { from: first } : {}) },
      });
    }),
  )
  .chain((nodes) => fc.shuffledSubarray(nodes, { minLength: nodes.length }));

const ENDS = {
  succeed: { phase: 'Succeeded', reason: 'Succeeded', result: { value: 'x' } },
  lose: { phase: 'Failed', reason: 'ExecutorLost', message: 'why' },
  fail: { phase: 'Failed', reason: 'AgentFailed', message: 'why' },
  stop: { phase: 'Cancelled', reason: 'Cancelled' },
} as const satisfies Record<string, SandboxStatus>;

/** A run that asks; the ids of its questions are its own. */
const suspended = (name: string): SandboxStatus => ({
  phase: 'Suspended',
  reason: 'WaitingForAnswer',
  questions: [{ id: name, kind: 'Permission', message: 'May I?' }],
  result: { value: '', sessionId: `session-of-${name}` },
});

const which = fc.nat({ max: 20 });
const controller = fc.constantFrom(0, 1);
/** The news that a controller gets before it plans; its caches may lag behind each other. */
const heard = fc.constantFrom('nothing', 'the Task', 'the Task', 'Sandboxes', 'all', 'all');
/** In the proportions that let Tasks come far. */
const happening = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('plan' as const), controller, heard }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('fall asleep' as const), controller, heard }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wake up' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('run' as const), which }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('succeed' as const), which }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('lose' as const), which }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('fail', 'stop', 'mark', 'remove', 'forget'), which }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('suspend' as const), which }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('answer' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('confirm' as const), which }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('approve' as const, 'approve' as const, 'approve' as const, 'reject' as const),
      which,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove an approval' as const), which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove revisions' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('refuse' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('allow' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pause' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('resume' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('time' as const), seconds: fc.nat({ max: 60 }) }) },
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

/** Two controllers with caches of their own, and the executor managers of a Task; judges everything that is made. */
class Play {
  readonly world: World;
  readonly #nodes: readonly PlannedNode[];
  readonly #caches: Cache[];
  /** Sandboxes that somebody saw before they went: their names are never used again. */
  readonly #used = new Set<string>();

  /** The Sandboxes that controllers were about to make when they fell asleep. */
  readonly #asleep: Sandbox[] = [];
  /** Names of Sandboxes that were made by one that woke up. */
  readonly #late = new Set<string>();
  readonly #made = new Set<string>();
  readonly #remade = new Set<string>();
  #confirmed = 0;
  readonly #people: People;

  constructor(nodes: readonly PlannedNode[], spec: Partial<TaskSpec>) {
    this.#nodes = nodes;
    this.world = new World(resolved(...nodes), spec);
    this.#people = new People(this.world);
    this.world.onCreate = (sandbox) => this.#judge(sandbox);
    this.#caches = [this.world.cache(), this.world.cache()];
  }

  live(): Sandbox[] {
    return this.world.sandboxes().filter(({ status }) => !isFinalPhase(status?.phase));
  }

  /** Without what a controller made that had slept between its two writes: nobody can keep it from that. */
  #liveByPlan(): Sandbox[] {
    return this.live().filter(({ metadata }) => !this.#late.has(metadata.name));
  }

  /** Without what was made again since nobody had seen it: the first may have been heard to succeed by then. */
  #liveAtEnd(): Sandbox[] {
    return this.#liveByPlan().filter(({ metadata }) => !this.#remade.has(metadata.name));
  }

  happen(what: Happening): void {
    switch (what.kind) {
      case 'plan':
        this.#hear(what.controller, what.heard);
        return this.#plan(what.controller, 'all');
      case 'fall asleep':
        this.#hear(what.controller, what.heard);
        return this.#plan(what.controller, 'status');
      case 'wake up':
        return this.#wakeUp();
      case 'confirm':
        return this.#confirm(what.which);
      case 'answer':
        return this.#people.answer();
      case 'approve':
      case 'reject':
        return this.#people.decide(what.kind, what.which);
      case 'remove an approval':
        return this.#people.remove(what.which);
      case 'remove revisions':
        return this.world.removeRevisions();
      case 'refuse':
      case 'allow':
        this.world.refusal = what.kind === 'refuse' ? 'The user is gone.' : undefined;
        return;
      case 'pause':
      case 'resume':
        return this.world.edit({ suspend: what.kind === 'pause' });
      case 'time':
        return this.world.pass(what.seconds);
      default:
        return this.#happenTo(this.live(), what);
    }
  }

  /** All that is true comes to everybody, and everybody does what is asked of them. */
  finish(): void {
    this.#confirm(this.#nodes.length);
    this.world.refusal = undefined;
    this.world.edit({ suspend: false });
    for (let round = 0; round < 100; round += 1) {
      this.#hear(round % 2, 'all');
      this.#plan(round % 2, 'all');
      this.#people.answer();
      this.#people.approveAll();
      this.world.pass(60);
      const { status } = this.world.task();
      const isFinal = isFinalTaskStatus(status?.status);
      if (isFinal && this.live().length === 0) return;
      // Sandboxes that are left when the Task ends have to be cancelled first.
      const ends = isFinal || ['Cancelling', 'Failing'].includes(finishedReason(status));
      for (const { metadata, spec } of this.live()) {
        if (metadata.deletionTimestamp !== undefined) this.world.remove(metadata.name);
        else if (spec.cancel === true) this.world.change(metadata.name, { status: ENDS.stop });
        else if (!ends) this.world.change(metadata.name, { status: ENDS.succeed });
      }
    }
    throw new Error('the Task does not end');
  }

  #plan(which: number, reach: 'all' | 'status'): void {
    const before = this.world.task().status;
    try {
      const { create } = this.world.step(this.#caches[which], reach);
      if (reach === 'status') this.#asleep.push(...create);
    } catch (error) {
      if (!(error instanceof PlanConflict)) throw error;
    }
    this.#judgeStatus(before, this.world.task().status);
    if (isFinalTaskStatus(before?.status)) expect(this.world.task().status).toEqual(before);
    else if (isFinalTaskStatus(this.world.task().status?.status)) expect(this.#liveAtEnd()).toEqual([]);
    for (const { sandboxUID, executor_name: name } of readRecords(this.world.task().status)) {
      if (sandboxUID !== undefined && name !== undefined) this.#used.add(name);
    }
  }

  /** It only moves on, as the server demands, and says why it stands where it does. */
  #judgeStatus(before: TaskStatus | undefined, after: TaskStatus | undefined): void {
    if (after === undefined || after === before) return;
    const allowed = nextStates(before?.status, false);
    if (allowed !== undefined) expect(allowed).toContain(after.status);
    expect(after.progress).toBeGreaterThanOrEqual(before?.progress ?? 0);
    const finished = findCondition(after.conditions, 'Finished');
    expect(finished?.message).not.toBe('');
    expect(finished?.status === 'True').toBe(isFinalTaskStatus(after.status));
  }

  /** A confirmation that is taken back changes nothing for what has started. */
  #confirm(stage: number): void {
    this.#confirmed = Math.max(this.#confirmed, stage);
    this.world.edit({ currentStage: stage });
  }

  #wakeUp(): void {
    for (const sandbox of this.#asleep.splice(0)) {
      this.#late.add(sandbox.metadata.name);
      this.world.make(sandbox);
    }
  }

  #hear(which: number, of: string): void {
    if (of === 'nothing') return;
    const { task, sandboxes, approvals } = this.world.cache();
    const known = this.#caches[which] ?? { task, sandboxes, approvals };
    this.#caches[which] = {
      task: of === 'Sandboxes' ? known.task : task,
      sandboxes: of === 'the Task' ? known.sandboxes : sandboxes,
      approvals: (of === 'all' ? approvals : known.approvals) ?? [],
    };
  }

  #happenTo(live: readonly Sandbox[], { kind, which }: { kind: string; which: number }): void {
    if (kind === 'forget') return this.#forget(which);
    const name = live[which % Math.max(live.length, 1)]?.metadata.name;
    if (name === undefined) return;
    if (kind === 'run') this.world.change(name, { status: { phase: 'Running' } });
    else if (kind === 'mark') this.world.mark(name);
    else if (kind === 'remove') this.world.remove(name);
    else if (kind === 'suspend') this.world.change(name, { status: suspended(name) });
    else this.world.change(name, { status: ENDS[kind as keyof typeof ENDS] });
  }

  /** Somebody deletes a Sandbox that has ended. */
  #forget(which: number): void {
    const ended = this.world.sandboxes().filter(({ status }) => isFinalPhase(status?.phase));
    const name = ended[which % Math.max(ended.length, 1)]?.metadata.name;
    if (name !== undefined) this.world.remove(name);
  }

  /** Nothing is made that must not be, as the server knows it at this moment. */
  #judge({ metadata, spec }: Sandbox): void {
    if (this.#late.has(metadata.name)) return;
    expect(this.world.refusal, 'nothing starts for a user who may not').toBeUndefined();
    expect(this.world.task().spec.suspend, 'nothing starts while the Task is suspended').not.toBe(true);
    if (this.#made.has(metadata.name)) this.#remade.add(metadata.name);
    this.#made.add(metadata.name);
    const { status } = this.world.task();
    const records = new Map(readRecords(status).map((record) => [record.node, record]));
    const own = this.#nodes.find(({ id }) => id === spec.node);
    if (status?.snapshot === undefined) expect(this.world.revisions()).toContain(status?.revision);
    expect(this.#liveByPlan().filter((other) => other.spec.node === spec.node)).toEqual([]);
    expect(this.#used.has(metadata.name)).toBe(false);
    const record = records.get(spec.node ?? '');
    expect(record).toMatchObject({ status: 'PENDING', attempt: spec.attempt });
    expect((spec.attempt ?? 0) - (record?.resumed ?? 0)).toBeLessThanOrEqual(own?.policy.maxAttempts ?? 3);
    this.#judgeResumption(own, record, spec);
    this.#judgeNeeds(own, records);
  }

  /** All that the node needs is done, and confirmed where that is asked for. */
  #judgeNeeds(own: PlannedNode | undefined, records: ReadonlyMap<string, NodeRecord>): void {
    for (const need of own?.needs ?? []) {
      const { policy } = this.#nodes.find(({ id }) => id === need) ?? {};
      const ends = policy?.onFailure === 'Continue' ? ['COMPLETED', 'FAILED'] : ['COMPLETED'];
      expect(ends).toContain(records.get(need)?.status);
      const stage = this.#nodes.findIndex(({ id }) => id === need);
      if (policy?.requireConfirmation !== true) continue;
      const attempt = records.get(need)?.attempt ?? 1;
      const isApproved = this.#people.approved.has(`fix-abcde-${need}-stage-${attempt}`);
      if (isGuardedNode(this.#nodes[stage])) expect(isApproved, 'only an Approval confirms it').toBe(true);
      else expect(isApproved || this.#confirmed > stage).toBe(true);
    }
  }

  /** A run goes on after a question only when it is answered, and knows the session and the answer. */
  #judgeResumption(
    own: PlannedNode | undefined,
    record: NodeRecord | undefined,
    { session, answers }: Sandbox['spec'],
  ): void {
    const { resumes } = record ?? {};
    expect(session?.id).toBe(resumes?.sessionId);
    const ids = resumes?.questions.map(({ id }) => id);
    expect(answers?.map(({ id }) => id)).toEqual(ids);
    expect(answers?.every(({ question }) => question !== undefined) ?? true).toBe(true);
    for (const { id } of answers ?? []) {
      const isDecided = this.#people.decided.has(id);
      if (isGuardedNode(own)) expect(isDecided, 'only an Approval answers it').toBe(true);
      else expect(isDecided || this.#people.answered.has(id)).toBe(true);
    }
  }
}

function finishedReason(status: TaskStatus | undefined): string {
  return findCondition(status?.conditions, 'Finished')?.reason ?? '';
}

describe('the plan of any graph', () => {
  const story = fc.array(happening, { maxLength: 100, size: 'max' });
  const retryPolicy = fc.record({
    reasons: fc.constantFrom<('AgentFailed' | '*')[]>([], ['AgentFailed'], ['*']),
    initialDelaySeconds: fc.constantFrom(0, 5, 30),
  });
  const cancelAt = fc.option(fc.nat({ max: 150 }), { nil: undefined });

  it('whatever happens: no node runs twice at once or before its time, none is forgotten, an end is an end', () => {
    fc.assert(
      fc.property(graph, story, cancelAt, retryPolicy, (nodes, happenings, cancel, policy) => {
        expect(validateGraph(nodes)).toBeUndefined();
        const play = new Play(nodes, { retryPolicy: policy });
        for (const [index, what] of happenings.entries()) {
          if (index === cancel) play.world.edit({ cancel: true });
          play.happen(what);
        }
        play.finish();
        const { status } = play.world.task();
        const ends = readRecords(status).map((record) => record.status);
        expect(ends.filter((end) => end === 'PENDING' || end === 'RUNNING')).toEqual([]);
        if (status?.status === 'COMPLETED') expect(ends).not.toContain('CANCELLED');
      }),
      { numRuns: 300 },
    );
  });

  it('undisturbed: every node runs once, and the Task has all answers', () => {
    fc.assert(
      fc.property(graph, (nodes) => {
        const play = new Play(nodes, {});
        play.finish();
        expect(play.world.task().status).toMatchObject({ status: 'COMPLETED', progress: 100 });
        expect(play.world.names()).toHaveLength(nodes.length);
      }),
      { numRuns: 300 },
    );
  });

  it('a Task that an older version took up, whatever happened to it by then, comes to its end as well', () => {
    const members = fc.array(fc.boolean(), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(members, story, fc.nat({ max: 100 }), (confirmations, happenings, at) => {
        const names = confirmations.map((requireConfirmation, index) => ({
          name: `m${index}`,
          requireConfirmation,
        }));
        const nodes = line(...names);
        const asOlderVersion = olderVersionOf(nodes);
        const play = new Play(nodes, {});
        for (const [index, what] of happenings.entries()) {
          if (index === at) play.world.rewrite(asOlderVersion);
          play.happen(what);
        }
        if (at >= happenings.length) play.world.rewrite(asOlderVersion);
        play.finish();
      }),
      { numRuns: 100 },
    );
  });
});
