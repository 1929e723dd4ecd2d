import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { SandboxStatus } from '#api/types/generated/sandbox';
import type { Task } from '#api/types/generated/task';
import { isFinalPhase } from '#api/types/sandboxes/sandbox';
import { isAtRest } from '#api/types/tasks/task';
import type { PlannedNode } from '../graph/graph.ts';
import { node } from '../graph/made-up.ts';
import { isEnded, readRecords } from '../node-record.ts';
import { brokenByWrite } from '../plan/invariants.ts';
import { resolved, World } from '../plan/world.ts';
import { makeRevision } from '../revision/task-revision.ts';
import { takeOver } from './take-over.ts';

/** Forks of Tasks that stand anywhere. */

const END: Record<'fail' | 'lose' | 'succeed', SandboxStatus> = {
  succeed: { phase: 'Succeeded', reason: 'Succeeded', result: { value: 'x', costUSD: 1 } },
  fail: { phase: 'Failed', reason: 'AgentFailed', message: 'why', result: { costUSD: 1 } },
  lose: { phase: 'Failed', reason: 'ExecutorLost' },
};

/** Each needs some of those before it. */
const graph: fc.Arbitrary<PlannedNode[]> = fc
  .array(fc.record({ needs: fc.nat({ max: 31 }), goesOn: fc.boolean() }), { minLength: 1, maxLength: 5 })
  .chain((all) => {
    const nodes = all.map(({ needs, goesOn }, index) =>
      node(`n${index}`, {
        needs: [...Array(index).keys()].filter((bit) => (needs >> bit) % 2 === 1).map((bit) => `n${bit}`),
        policy: { requireConfirmation: false, onFailure: goesOn ? 'Continue' : 'FailTask' },
      }),
    );
    return fc.shuffledSubarray(nodes, { minLength: nodes.length });
  });

const happening = fc.record({
  kind: fc.constantFrom('succeed', 'succeed', 'succeed', 'fail', 'lose', 'post', 'plan', 'plan'),
  which: fc.nat({ max: 9 }),
});

function happen(world: World, { kind, which }: { kind: string; which: number }): void {
  if (kind === 'post') return void world.post();
  if (kind === 'plan') return void world.settle();
  const live = world.sandboxes().filter(({ status }) => !isFinalPhase(status?.phase));
  const run = live[which % Math.max(live.length, 1)];
  const status = END[kind as keyof typeof END];
  if (run !== undefined) world.change(run.metadata.name, { status });
}

function finish(world: World): void {
  for (let round = 0; round < 50 && !isAtRest(world.task()); round += 1) {
    const before = world.task();
    world.settle();
    expect(brokenByWrite(before, world.task())).toEqual([]);
    for (let which = 0; which < 9; which += 1) happen(world, { kind: 'succeed', which });
  }
  expect(isAtRest(world.task())).toBe(true);
}

function wordsFor(step: string, messages: number) {
  return { id: 'fork', number: messages + 1, text: 'Go on.', policy: 'Queue' as const, node: step };
}

it('wherever the other Task stands: nothing is done twice, what is taken over stays, and the fork comes to its end', () => {
  const wish = fc.record({ which: fc.nat({ max: 9 }), speaks: fc.boolean() });
  fc.assert(
    fc.property(
      graph,
      fc.array(happening, { maxLength: 40 }),
      wish,
      (nodes, happenings, { which, speaks }) => {
        const parent = new World(resolved(...nodes));
        parent.settle();
        for (const what of happenings) happen(parent, what);
        const known = parent.settle();
        const records = readRecords(known.status).filter(isEnded);
        const step = records[which % Math.max(records.length, 1)]?.node;
        if (step === undefined || parent.resolution.outcome !== 'resolved') return;
        const { messages = [] } = known.spec;
        const fork = new World(parent.resolution, {
          forkFrom: {
            task: 'fix',
            uid: 'p',
            step,
            messages: messages.length,
            ...(speaks ? { text: 'Go on.' } : {}),
          },
          messages: [...messages, ...(speaks ? [wordsFor(step, messages.length)] : [])],
        });
        const other: Task = { ...known, metadata: { ...known.metadata, uid: 'p' } };
        const revision = makeRevision(parent.resolution.content);
        const found = takeOver(fork.task(), { parent: other, revision, programs: {} });
        if ('problem' in found) {
          expect(records.find((record) => record.node === step)?.status).not.toBe('COMPLETED');
          return;
        }
        fork.inheritance = found;
        finish(fork);
        const taken = new Set(found.records.map((record) => record.node));
        expect(taken.has(step)).toBe(true);
        expect(fork.sandboxes().filter(({ spec }) => taken.has(spec.node ?? ''))).toEqual([]);
        const after = readRecords(fork.task().status).filter((record) => taken.has(record.node));
        expect(after).toEqual(expect.arrayContaining([...found.records]));
        expect(fork.task().status?.status).toBe('COMPLETED');
        const runs = fork.sandboxes().length;
        expect(fork.task().status?.result?.['costUSD'] ?? 0).toBe(runs);
        expect(found.records.every(({ forkedFrom }) => forkedFrom?.uid === 'p')).toBe(true);
      },
    ),
    { numRuns: 500 },
  );
});
