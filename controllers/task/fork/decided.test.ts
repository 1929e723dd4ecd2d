import { expect, it } from 'vitest';
import type { Task, TaskSpec } from '#api/types/generated/task';
import type { PlannedNode } from '../graph/graph.ts';
import { line, node } from '../graph/made-up.ts';
import { People } from '../plan/people.ts';
import { resolved, World } from '../plan/world.ts';
import { makeRevision } from '../revision/task-revision.ts';
import { takeOver } from './take-over.ts';

/** A yes of people counts for that alone which they saw. */

const ASKED: PlannedNode = {
  ...node('ask'),
  kind: 'wait',
  wait: { for: 'approval', message: 'Deploy?' },
};
const STAGES = line({ name: 'a', requireConfirmation: true }, { name: 'b' });
const DECIDED = 'for the prompt and the parameters of Task "fix": a fork with others cannot go on behind it.';

function parentOf(nodes: readonly PlannedNode[]): World {
  const world = new World(resolved(...nodes), { prompt: 'do', parameters: { env: 'staging', n: 1 } });
  for (let round = 0; round < 6; round += 1) {
    world.settle();
    for (const name of world.names())
      world.change(name, { status: { phase: 'Succeeded', reason: 'Succeeded', result: { value: name } } });
    new People(world).approveAll();
  }
  expect(world.settle().status?.status).toBe('COMPLETED');
  return world;
}

function takenOver(nodes: readonly PlannedNode[], step: string, spec: Partial<TaskSpec>): string[] | string {
  const parent = parentOf(nodes);
  const task = parent.task();
  const fork: Task = { ...task, spec: { ...task.spec, forkFrom: { task: 'fix', step }, ...spec } };
  if (parent.resolution.outcome !== 'resolved') throw new Error('not resolved');
  const revision = makeRevision(parent.resolution.content);
  const found = takeOver(fork, { parent: task, revision, programs: parent.programs });
  return 'problem' in found ? found.problem : found.records.map((record) => record.node);
}

const WAIT = [ASKED, node('b', { needs: ['ask'] })];

it.each([
  { reason: 'the end of a stage', nodes: STAGES, step: 's0', asked: 's0' },
  { reason: 'a step behind that stage', nodes: STAGES, step: 's1', asked: 's0' },
  { reason: 'a step that asks', nodes: WAIT, step: 'ask', asked: 'ask' },
  { reason: 'a step behind one that asks', nodes: WAIT, step: 'b', asked: 'ask' },
])('a yes does not hold for another request: $reason', ({ nodes, step, asked }) => {
  const problem = `People have decided about step "${asked}" ${DECIDED}`;
  expect(takenOver(nodes, step, { parameters: { env: 'production', n: 1 } })).toBe(problem);
  expect(takenOver(nodes, step, { prompt: 'another' })).toBe(problem);
  expect(takenOver(nodes, step, { prompt: 'another', forkFrom: { task: 'fix', step, text: 'go on' } })).toBe(
    problem,
  );
  expect(takenOver(nodes, step, { parameters: { n: 1, env: 'staging' } })).toContain(asked);
});

it('a step that people were not asked about is taken over beside one that they were', () => {
  expect(takenOver([ASKED, node('b')], 'b', { prompt: 'another' })).toEqual(['b']);
});
