import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTime } from '#api/machinery/clock';
import type { Sandbox, SandboxStatus } from '#api/types/generated/sandbox';
import type { TaskRetryPolicy, TaskSpec } from '#api/types/generated/task';
import { isFinalPhase } from '#api/types/sandboxes/sandbox';
import { isAtRest, isFinalTaskStatus } from '#api/types/tasks/task';
import type { Resolution } from '../configuration/resolve.ts';
import { node } from '../graph/made-up.ts';
import { isEnded, readRecords } from '../node-record.ts';
import type { Program } from '../unfold/program.ts';
import { PROGRAMS } from '../unfold/programs.ts';
import type { Gate } from '../unfold/quality/program.ts';
import { madeUpRevision } from '../unfold/team/made-up.ts';
import { brokenByWrite, stuck } from './invariants.ts';
import { timedNodes } from './timed-program.ts';
import { PlanConflict, resolved, World } from './world.ts';
import type { Cache } from './world.ts';

/**
 * The plan with the real programs, under everything that can happen in any order: two controllers with old caches that die
 * between two writes, runs that end in every way and answer sense and nonsense, losses, deletions, questions, messages,
 * pauses and time.
 */

const ROSTER = [{ name: 'ann' }, { name: 'ben' }];

const route = fc.record({
  kind: fc.constant('route'),
  leader: fc.constant('lead'),
  roster: fc.constant(ROSTER),
  editAnswer: fc.boolean(),
  fallback: fc.constantFrom('ann', 'ben'),
});
const coordinate = fc.record({
  kind: fc.constant('coordinate'),
  leader: fc.constant('lead'),
  roster: fc.constant(ROSTER),
  maxRounds: fc.integer({ min: 1, max: 3 }),
  maxAssignments: fc.integer({ min: 1, max: 4 }),
  parallelism: fc.integer({ min: 1, max: 2 }),
  onMemberFailure: fc.constantFrom('Fail', 'Skip'),
  memberRetries: fc.integer({ min: 0, max: 1 }),
});
const collaborate = fc.record(
  {
    kind: fc.constant('collaborate'),
    leader: fc.constant('lead'),
    speakers: fc.constant(['ann', 'ben']),
    maxRounds: fc.integer({ min: 1, max: 2 }),
    order: fc.constantFrom('Sequential', 'Parallel'),
    onNoAgreement: fc.constantFrom('Conclude', 'Fail'),
  },
  { requiredKeys: ['kind', 'speakers', 'maxRounds', 'order', 'onNoAgreement'] },
);
const timed = fc.record({ kind: fc.constant('timed'), isStage: fc.boolean() });

const limits = {
  maxCorrections: fc.nat({ max: 2 }),
  onRejected: fc.constantFrom('Fail' as const, 'Accept' as const),
};
const gate: fc.Arbitrary<Gate> = fc.oneof(
  fc.record({ ...limits, kind: fc.constant('review' as const), reviewer: fc.constant('ben') }),
  fc.record({
    ...{ ...limits, kind: fc.constant('vote' as const), voters: fc.constant(['ann', 'ben']) },
    rule: fc.constantFrom('Majority' as const, 'Unanimity' as const),
    tie: fc.constantFrom('Accept' as const, 'Reject' as const),
  }),
  fc.record({ ...limits, kind: fc.constant('approval' as const), message: fc.constant('Is it good?') }),
);
const quality = fc.record(
  {
    kind: fc.constant('quality'),
    inner: fc.oneof(route, coordinate),
    // A Team has one of each.
    gates: fc.uniqueArray(gate, { minLength: 1, maxLength: 3, selector: ({ kind }) => kind }),
    bestOf: fc.constant({ candidates: 2, choosers: ['ben'] }),
  },
  { requiredKeys: ['kind', 'gates'] },
);

const program: fc.Arbitrary<Program> = fc.oneof(route, coordinate, collaborate, timed, quality);

function resolutionOf(by: Program): Resolution {
  const resolution = resolved();
  if (resolution.outcome !== 'resolved') throw new Error('not resolved');
  const { members = {} } = madeUpRevision(by, {
    lead: {},
    ann: {},
    ben: { usesWorkspace: false, shell: { type: 'Chat' } },
  });
  // Gates judge what is known from the start where there is no program within.
  const nodes = by.kind === 'quality' && !('inner' in by) ? [node('s0')] : [];
  return { ...resolution, content: { ...resolution.content, nodes, members, program: by } };
}

const order = (member: string, task: string, more: object = {}): object => ({ member, task, ...more });
/** Answers of agents: some are of the form that they are asked for. */
const OUTPUTS: readonly (Record<string, unknown> | undefined)[] = [
  undefined,
  {},
  { member: 'ann', reason: 'It fits.', instructions: '' },
  { member: '', reason: 'Nobody fits.', instructions: 'Do it.' },
  { member: 'carl', reason: '', instructions: '' },
  { assignments: [order('ann', 'Dig.')], answer: '' },
  { assignments: [order('ann', 'Dig.'), order('ben', 'Drill.')], answer: '' },
  { assignments: [order('ann', 'Deeper.', { continues: 'work-1-1' })], answer: '' },
  { assignments: [order('ann', 'Dig.'), order('carl', 'Nothing.')], answer: '' },
  { assignments: [], answer: 'Found.' },
  { message: 'I see.', agree: false },
  { message: 'So be it.', agree: true },
  { accept: true, guidance: '' },
  { accept: false, guidance: 'More.' },
  { choice: 1, reason: 'It is the best.' },
];

/** One that fits mostly, so that Tasks come far. */
function outputFor({ spec }: Sandbox, which: number): Record<string, unknown> | undefined {
  const required = (spec.outputSchema?.['required'] ?? []) as string[];
  const fitting = OUTPUTS.filter((output) => output !== undefined && required.every((key) => key in output));
  const from = which % 5 === 0 || fitting.length === 0 ? OUTPUTS : fitting;
  return from[which % from.length];
}

const which = fc.nat({ max: 60 });
const of = <K extends string>(weight: number, ...kinds: K[]) => ({
  weight,
  arbitrary: fc.record({ kind: fc.constantFrom(...kinds), which }),
});
const happening = fc.oneof(
  of(14, 'plan'),
  of(3, 'plan and die'),
  of(4, 'hear all', 'hear Sandboxes', 'hear the Task'),
  of(3, 'run'),
  of(6, 'succeed'),
  of(2, 'lose', 'time'),
  of(1, 'fail', 'stop', 'mark', 'remove', 'ask', 'answer'),
  of(1, 'post', 'retry', 'approve', 'reject', 'suspend', 'resume', 'refuse', 'allow'),
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

const isLive = ({ status }: Sandbox): boolean => !isFinalPhase(status?.phase);

/** Judges every write, and every Sandbox that is made. */
class Drama {
  readonly world: World;
  readonly #caches: Cache[];
  readonly #names = new Set<string>();

  constructor(by: Program, spec: Partial<TaskSpec>) {
    this.world = new World(resolutionOf(by), spec);
    this.world.programs = { ...PROGRAMS, timed: timedNodes };
    this.world.onCreate = (sandbox) => this.#judge(sandbox);
    this.#caches = [this.world.cache(), this.world.cache()];
  }

  happen({ kind, which: choice }: Happening): void {
    const at = choice % 2;
    switch (kind) {
      case 'plan':
        return this.#plan(at, 'all');
      case 'plan and die':
        return this.#plan(at, 'status');
      case 'hear all':
      case 'hear Sandboxes':
      case 'hear the Task':
        return this.#hear(at, kind);
      case 'time':
        return this.#pass(choice * 10);
      case 'post':
        return void this.world.post();
      case 'retry':
        return this.#retry(choice);
      case 'suspend':
      case 'resume':
        return this.world.edit({ suspend: kind === 'suspend' });
      case 'refuse':
      case 'allow':
        this.world.refusal = kind === 'refuse' ? 'The user is gone.' : undefined;
        return;
      case 'answer':
        return this.world.answerAll();
      case 'approve':
      case 'reject':
        return this.#decide(kind === 'approve' ? 'Approved' : 'Rejected');
      default:
        return this.#happenToOne(kind, choice);
    }
  }

  cancel(): void {
    this.world.edit({ cancel: true });
  }

  /** All that is true comes to everybody, and everybody does what is asked of them. */
  finish(choices: Iterator<number>): void {
    this.world.edit({ suspend: false });
    this.world.refusal = undefined;
    for (let round = 0; round < 300; round += 1) {
      this.#settle();
      if (isAtRest(this.world.task()) && this.#live().length === 0) return;
      this.world.answerAll();
      this.#decide('Approved');
      for (const sandbox of this.#live()) this.#endWell(sandbox, choices.next().value as number);
      if (this.#live().length === 0) this.#pass(60);
    }
    throw new Error(`the Task does not end: ${this.world.task().status?.message ?? ''}`);
  }

  /** People say no to nothing from here on. */
  retryAll(): void {
    const { retries = [] } = this.world.task().spec;
    this.world.edit({ retries: [...retries, { id: `all${retries.length}` }], cancel: false });
  }

  /** One step, or all that have failed. */
  #retry(choice: number): void {
    const { spec, status } = this.world.task();
    if (!isFinalTaskStatus(status?.status)) return;
    const nodes = (status?.subTasks ?? []).map(({ node: id }) => id);
    const id = nodes[choice % (nodes.length + 1)];
    const { retries = [] } = spec;
    const added = { id: `r${retries.length}`, ...(id === undefined ? {} : { node: id }) };
    this.world.edit({ retries: [...retries, added], cancel: false });
  }

  #decide(decision: 'Approved' | 'Rejected'): void {
    for (const { metadata } of this.world.openApprovals())
      this.world.decide(metadata.name, {
        phase: 'Decided',
        decision,
        reason: 'why',
        decidedBy: { name: 'eve' },
      });
  }

  #endWell(sandbox: Sandbox, choice: number): void {
    const { metadata, spec } = sandbox;
    if (metadata.deletionTimestamp !== undefined) this.world.remove(metadata.name);
    else if (spec.cancel === true)
      this.world.change(metadata.name, { status: { phase: 'Cancelled', reason: 'Cancelled' } });
    else this.world.change(metadata.name, { status: succeeded(sandbox, choice) });
  }

  /** Both controllers know everything, until neither has anything to do. */
  #settle(): void {
    for (let round = 0; round < 20; round += 1) {
      const before = this.world.cache();
      for (const at of [0, 1]) {
        this.#hear(at, 'hear all');
        this.#plan(at, 'all');
      }
      if (JSON.stringify(this.world.cache()) !== JSON.stringify(before)) continue;
      const { wakeAt } = this.world.plan();
      const { sandboxes } = before;
      expect(stuck(this.world.task(), { sandboxes, wakeAt })).toEqual([]);
      return;
    }
    throw new Error('the plan does not settle');
  }

  #plan(at: number, reach: 'all' | 'status'): void {
    const before = this.world.task();
    try {
      this.world.step(this.#caches[at], reach);
    } catch (error) {
      if (!(error instanceof PlanConflict)) throw error;
    }
    expect(brokenByWrite(before, this.world.task())).toEqual([]);
  }

  #hear(at: number, what: string): void {
    const now = this.world.cache();
    const known = this.#caches[at] ?? now;
    this.#caches[at] = {
      ...now,
      task: what === 'hear Sandboxes' ? known.task : now.task,
      sandboxes: what === 'hear the Task' ? known.sandboxes : now.sandboxes,
    };
  }

  #pass(seconds: number): void {
    this.world.now = formatTime(Date.parse(this.world.now) + seconds * 1000);
  }

  #live(): Sandbox[] {
    return this.world.sandboxes().filter(isLive);
  }

  #happenToOne(kind: string, choice: number): void {
    const live = this.#live();
    const sandbox = live[choice % Math.max(1, live.length)];
    if (sandbox === undefined) return;
    const { name } = sandbox.metadata;
    if (kind === 'mark') return this.world.mark(name);
    if (kind === 'remove') return this.world.remove(name);
    return this.world.change(name, { status: statusAfter(kind, sandbox, choice) });
  }

  /** No attempt beside another one of its node, none that was made before, none of a node that has ended or is not recorded. */
  #judge({ metadata, spec }: Sandbox): void {
    expect(this.world.refusal, 'nothing starts for a user who may not').toBeUndefined();
    const beside = this.#live().filter((other) => other.spec.node === spec.node);
    expect(beside.map((other) => other.metadata.name)).toEqual([]);
    const record = readRecords(this.world.task().status).find((one) => one.node === spec.node);
    expect(record).toMatchObject({ attempt: spec.attempt, executor_name: metadata.name });
    expect(record && isEnded(record)).toBe(false);
    expect(isFinalTaskStatus(this.world.task().status?.status)).toBe(false);
    this.#names.add(metadata.name);
  }
}

function statusAfter(kind: string, sandbox: Sandbox, choice: number): SandboxStatus {
  const { name } = sandbox.metadata;
  switch (kind) {
    case 'run':
      return { phase: 'Running' };
    case 'lose':
      return { phase: 'Failed', reason: 'ContainerLost', message: 'why' };
    case 'fail':
      return { phase: 'Failed', reason: choice % 2 === 0 ? 'AgentFailed' : 'OutputInvalid', message: 'why' };
    case 'stop':
      return { phase: 'Cancelled', reason: 'Cancelled', message: 'Somebody stopped it.' };
    case 'ask':
      return {
        phase: 'Suspended',
        reason: 'WaitingForAnswer',
        questions: [{ id: name, kind: 'Permission', message: 'May I?' }],
        result: { value: '', sessionId: `session-of-${name}` },
      };
    default:
      return succeeded(sandbox, choice);
  }
}

function succeeded(sandbox: Sandbox, choice: number): SandboxStatus {
  const output = outputFor(sandbox, choice);
  const session = choice % 3 === 0 ? {} : { sessionId: `session-of-${sandbox.metadata.name}` };
  const result = {
    value: JSON.stringify(output ?? 'words'),
    ...session,
    ...(output === undefined ? {} : { output }),
  };
  return { phase: 'Succeeded', reason: 'Succeeded', result };
}

describe('any program, whatever happens in whichever order', () => {
  const story = fc.array(happening, { maxLength: 120, size: 'max' });
  const policy = fc.record(
    {
      maxAttempts: fc.integer({ min: 1, max: 4 }),
      reasons: fc.constant<NonNullable<TaskRetryPolicy['reasons']>>(['*']),
      initialDelaySeconds: fc.nat({ max: 90 }),
    },
    { requiredKeys: [] },
  );

  it('goes on only, never runs a step twice at once, says why it waits, and comes to an end', () => {
    fc.assert(
      fc.property(
        program,
        story,
        policy,
        fc.option(fc.nat({ max: 200 }), { nil: undefined }),
        fc.infiniteStream(which),
        fc.record({ tokenBudget: fc.integer({ min: 1, max: 900 }) }, { requiredKeys: [] }),
        (by, happenings, retryPolicy, cancelAt, choices, budget) => {
          const drama = new Drama(by, { retryPolicy, ...budget });
          for (const [index, what] of happenings.entries()) {
            if (index === cancelAt) drama.cancel();
            drama.happen(what);
          }
          drama.finish(choices);
          const open = readRecords(drama.world.task().status).filter((record) => !isEnded(record));
          expect(open).toEqual([]);
          // The first one may still meet a no that was said while the Task was cancelled.
          for (let round = 0; round < 2; round += 1) {
            drama.retryAll();
            drama.finish(choices);
          }
          expect(drama.world.task().status?.errorMessage ?? '').not.toMatch(/Rejected: .*why/);
        },
      ),
      // A failure is looked at with its seed: shrinking such a story takes minutes.
      { numRuns: 250, endOnFailure: true },
    );
  });
});
