import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SandboxStatus } from '#api/types/generated/sandbox';
import { isFinalPhase } from '#api/types/sandboxes/sandbox';
import { isFinalTaskStatus } from '#api/types/tasks/task';
import { takeOver } from '../fork/take-over.ts';
import { readRecords } from '../node-record.ts';
import { makeRevision } from '../revision/task-revision.ts';
import type { Revision } from '../revision/revision.ts';
import type { CollaborateProgram } from '../unfold/collaborate/program.ts';
import type { CoordinateProgram } from '../unfold/coordinate/program.ts';
import type { Program } from '../unfold/program.ts';
import { PROGRAMS } from '../unfold/programs.ts';
import type { QualityProgram } from '../unfold/quality/program.ts';
import type { RouteProgram } from '../unfold/route/route.ts';
import type { WorkflowProgram } from '../unfold/workflow/workflow-program.ts';
import { madeUpRevision, play } from '../unfold/team/made-up.ts';
import type { MadeUpEnd } from '../unfold/team/made-up.ts';
import { PlanConflict, resolved, World } from './world.ts';
import type { Cache } from './world.ts';

/** Teams whose steps follow from answers, planned by several controllers with old caches that die between two writes. */

const MEMBERS = { boss: {}, ann: {}, ben: {}, rex: {} };
const coordinate: CoordinateProgram = {
  ...{ kind: 'coordinate', leader: 'boss', roster: [{ name: 'ann' }, { name: 'ben' }] },
  ...{ maxRounds: 3, maxAssignments: 5, parallelism: 2, onMemberFailure: 'Skip', memberRetries: 1 },
};
const route: RouteProgram = {
  ...{ kind: 'route', leader: 'boss', roster: [{ name: 'ann' }, { name: 'ben' }] },
  ...{ fallback: 'ben', editAnswer: true },
};
const quality: QualityProgram = {
  ...{ kind: 'quality', inner: route, bestOf: { candidates: 2, choosers: ['rex'] } },
  gates: [{ kind: 'review', reviewer: 'rex', maxCorrections: 1, onRejected: 'Accept' }],
};
const collaborate: CollaborateProgram = {
  ...{ kind: 'collaborate', leader: 'boss', speakers: ['ann', 'ben'] },
  ...{ maxRounds: 2, order: 'Parallel', onNoAgreement: 'Conclude' },
};
const judged: WorkflowProgram = {
  ...{ kind: 'workflow', mode: 'script' },
  workflow: {
    steps: [
      {
        ...{ name: 'write', participants: ['ann'], retry: { limit: 1 } },
        quality: {
          bestOf: { candidates: 2, choosers: ['rex'] },
          review: { reviewer: 'rex', maxCorrections: 1 },
          vote: { voters: ['rex', 'ben'], maxCorrections: 1, onRejected: 'Accept' },
        },
      },
      { name: 'again', participants: ['ben'], dependsOn: ['write'], when: 'steps.write.quality.rounds > 1' },
      { name: 'last', participants: ['ann'], dependsOn: ['again'] },
    ],
  },
};
const outcome: QualityProgram = { kind: 'quality', inner: judged, gates: quality.gates };
const programs: Program[] = [coordinate, route, quality, collaborate, judged, outcome];

/** Whatever a node is asked for, one of the fields fits, and the rest is not looked at. */
const output = fc.record({
  assignments: fc.array(
    fc.record({
      member: fc.constantFrom('ann', 'ben'),
      task: fc.constantFrom('a', 'b', 'c'),
      continues: fc.constantFrom('', '', 'work-1-1'),
    }),
    { maxLength: 3 },
  ),
  answer: fc.constantFrom('', 'x'),
  member: fc.constantFrom('ann', 'ben', 'nobody'),
  message: fc.constant('m'),
  agree: fc.boolean(),
  accept: fc.boolean(),
  guidance: fc.constant('g'),
  choice: fc.constantFrom(1, 2),
});
const end: fc.Arbitrary<MadeUpEnd> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ value: fc.constantFrom('v', 'w'), output, sessionId: fc.constant('s') }),
  },
  { weight: 1, arbitrary: fc.record({ failed: fc.constantFrom('AgentFailed: x', 'OutputInvalid: x') }) },
);
/** How each node ends, by its id: the same in every order. */
const ends = fc.func(end);

function statusOf(given: MadeUpEnd): SandboxStatus {
  if ('failed' in given) {
    const [reason = '', message = ''] = given.failed.split(': ');
    return { phase: 'Failed', reason, message };
  }
  return { phase: 'Succeeded', reason: 'Succeeded', result: given as NonNullable<SandboxStatus['result']> };
}

function worldOf({ members, program }: Revision): World {
  const resolution = resolved();
  if (resolution.outcome !== 'resolved') throw new Error('not resolved');
  const content = { ...resolution.content, ...(members && { members }), ...(program && { program }) };
  const world = new World({ ...resolution, content });
  world.programs = PROGRAMS;
  return world;
}

it('a script that says no, and is heeded, is no failure of a Task', () => {
  const steps = [{ name: 'write', participants: ['ann'] }];
  const inner: WorkflowProgram = { kind: 'workflow', mode: 'script', workflow: { steps } };
  const program: QualityProgram = {
    ...{ kind: 'quality', inner },
    gates: [
      {
        ...{ kind: 'script', script: { run: 'make test' }, threshold: 1 },
        ...{ maxCorrections: 1, onRejected: 'Fail' },
      },
    ],
  };
  const world = worldOf(madeUpRevision(program, MEMBERS));
  const failures: Record<string, MadeUpEnd> = { 'v1-script': { failed: 'ActionFailed: 1 test fails' } };
  for (let turns = 0; turns < 4; turns += 1) {
    world.settle();
    const open = world.sandboxes().find(({ status }) => !isFinalPhase(status?.phase));
    const given = failures[open?.spec.node ?? ''] ?? { value: 'x' };
    world.change(open?.metadata.name ?? '', { status: statusOf(given) });
  }
  expect(world.settle().status).toMatchObject({ status: 'COMPLETED', message: 'All steps have succeeded.' });
});

describe('people speak to a Team with judges', () => {
  /** A draft is judged, in the whole or as a step with a question to people behind it. */
  const write = { name: 'write', participants: ['ann'] };
  const reviewed: WorkflowProgram = {
    ...{ kind: 'workflow', mode: 'script' },
    workflow: {
      steps: [
        { ...write, quality: { bestOf: { candidates: 2, choosers: ['rex'] }, review: { reviewer: 'rex' } } },
        { name: 'pause', dependsOn: ['write'], wait: { seconds: 1 } },
      ],
    },
  };
  const output = { choice: 1, reason: 'r', accept: true, guidance: '', member: 'ann', message: 'm' };

  function played(program: Program, endOf: (node: string) => MadeUpEnd): World {
    const world = worldOf(madeUpRevision(program, MEMBERS));
    for (let turns = 0; turns < 20; turns += 1) {
      world.settle();
      world.pass(1);
      for (const { metadata, spec, status } of world.sandboxes())
        if (!isFinalPhase(status?.phase))
          world.change(metadata.name, { status: statusOf(endOf(spec.node ?? '')) });
    }
    return world;
  }

  const ask = (world: World, words: object) => {
    world.post(words);
    world.settle();
    return world.sandboxes().find(({ spec }) => spec.node === 'message-1')?.spec;
  };

  it.each([{ words: {} }, { words: { node: 'pause-1' } }])(
    'the author answers, and no judge, for $words',
    ({ words }) => {
      const world = played(reviewed, (id) => ({ sessionId: id, value: id, output }));
      expect(ask(world, words)).toMatchObject({
        agent: { botName: 'ann-bot' },
        session: { id: 'write-0c1' },
      });
    },
  );

  it('the author answers where a judge had the last word', () => {
    const gates: QualityProgram['gates'] = [
      { kind: 'review', reviewer: 'rex', maxCorrections: 0, onRejected: 'Fail' },
    ];
    const steps = [write];
    const inner: WorkflowProgram = { kind: 'workflow', mode: 'script', workflow: { steps } };
    const no = { ...output, accept: false };
    const world = played({ kind: 'quality', inner, gates } as QualityProgram, () => ({
      value: 'x',
      output: no,
    }));
    expect(world.task().status).toMatchObject({ status: 'FAILED' });
    expect(ask(world, {})).toMatchObject({ agent: { botName: 'ann-bot' } });
  });

  it('a member who was not chosen answers', () => {
    const world = played({ ...route, editAnswer: false } as RouteProgram, () => ({ value: 'x', output }));
    expect(ask(world, { member: 'ben' })).toMatchObject({
      agent: { botName: 'ben-bot' },
      prompt: expect.stringContaining('The answer of ann:\nx'),
    });
  });
});

describe('Teams whose steps follow from answers', () => {
  it('come to the same end as in the reference, with one run for each step', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...programs),
        ends,
        fc.infiniteStream(fc.nat({ max: 99 })),
        (program, endOf, chances) => {
          const chance = (): number => chances.next().value ?? 0;
          const revision = madeUpRevision(program, MEMBERS);
          const unfold = PROGRAMS[program.kind];
          if (unfold === undefined) throw new Error(program.kind);
          const reference = play(unfold, revision, { pick: () => 0, end: ({ id }) => endOf(id) });
          const world = worldOf(revision);
          const made: string[] = [];
          world.onCreate = ({ metadata }) => made.push(metadata.name);
          let old = world.cache();
          for (let round = 0; round < 600 && !isFinalTaskStatus(world.task().status?.status); round += 1) {
            planOnce(world, chance() < 30 ? old : world.cache(), chance() < 20 ? 'status' : 'all');
            if (chance() < 30) old = world.cache();
            runsMayEnd(world, endOf, chance);
          }
          const isGood = reference.failed === undefined && reference.unfolded.failure === undefined;
          expect(world.task().status?.status).toBe(isGood ? 'COMPLETED' : 'FAILED');
          expect(new Set(made).size, 'no attempt is made twice').toBe(made.length);
          if (!isGood) return;
          expect(readRecords(world.task().status).map(({ node }) => node)).toEqual(
            reference.unfolded.nodes.map(({ id }) => id),
          );
          const { answer } = reference.unfolded;
          if (answer !== undefined) expect(world.task().status?.result?.['value']).toBe(answer);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('come to the same end in a fork, whichever step it goes on from, and nothing is done twice', () => {
    fc.assert(
      fc.property(fc.constantFrom(...programs), ends, fc.nat({ max: 99 }), (program, endOf, which) => {
        const parent = worldOf(madeUpRevision(program, MEMBERS));
        finish(parent, endOf);
        const { status } = parent.task();
        const done = readRecords(status).filter((record) => record.status === 'COMPLETED');
        const step = done[which % Math.max(done.length, 1)]?.node;
        if (step === undefined || parent.resolution.outcome !== 'resolved') return;
        const fork = new World(parent.resolution, { forkFrom: { task: 'fix', step } });
        fork.programs = PROGRAMS;
        const revision = makeRevision(parent.resolution.content);
        const found = takeOver(fork.task(), { parent: parent.task(), revision, programs: PROGRAMS });
        if ('problem' in found) return expect(status?.status).toBe('FAILED');
        fork.inheritance = found;
        finish(fork, endOf);
        const taken = new Set(found.records.map(({ node }) => node));
        expect(fork.sandboxes().filter(({ spec }) => taken.has(spec.node ?? ''))).toEqual([]);
        const after = fork.task().status;
        expect([after?.status, after?.result?.['value']]).toEqual([
          status?.status,
          status?.result?.['value'],
        ]);
        const nodesOf = (of: typeof status): string[] => readRecords(of).map(({ node }) => node);
        if (status?.status === 'COMPLETED') expect(nodesOf(after)).toEqual(nodesOf(status));
      }),
      { numRuns: 60 },
    );
  });
});

/** All runs that are under way end, until the Task has ended. */
function finish(world: World, endOf: (id: string) => MadeUpEnd): void {
  for (let round = 0; round < 200 && !isFinalTaskStatus(world.task().status?.status); round += 1) {
    world.settle();
    runsMayEnd(world, endOf, () => 50);
  }
}

function planOnce(world: World, cache: Cache, reach: 'all' | 'status'): void {
  try {
    world.step(cache, reach);
  } catch (error) {
    if (!(error instanceof PlanConflict)) throw error;
  }
}

function runsMayEnd(world: World, endOf: (id: string) => MadeUpEnd, chance: () => number): void {
  for (const { metadata, spec, status } of world.sandboxes()) {
    if (isFinalPhase(status?.phase) || chance() < 50) continue;
    const stopped: SandboxStatus = { phase: 'Cancelled', reason: 'Cancelled' };
    world.change(metadata.name, {
      status: spec.cancel === true ? stopped : statusOf(endOf(spec.node ?? '')),
    });
  }
}
