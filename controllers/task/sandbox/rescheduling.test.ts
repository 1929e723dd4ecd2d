import { expect, it } from 'vitest';
import type { Sandbox } from '#api/types/generated/sandbox';
import type { TaskSpec } from '#api/types/generated/task';
import { line } from '../graph/made-up.ts';
import { resolved, World } from '../plan/world.ts';

/** A Task with one run, which waits for an Executor. */
function waiting(spec: Partial<TaskSpec> = {}): World {
  const world = new World(resolved(...line({ name: 'a' })), spec);
  world.settle();
  return world;
}

const only = (world: World): Sandbox => world.sandbox('fix-abcde-s0-a1');

it.each<{
  reason: string;
  before?: Partial<TaskSpec>;
  edit: Partial<TaskSpec>;
  want: Partial<Sandbox['spec']>;
}>([
  { reason: 'a priority', edit: { priority: 'high' }, want: { priority: 1000 } },
  { reason: 'none any longer', before: { priority: 7 }, edit: { priority: 'medium' }, want: {} },
  { reason: 'a person who waits', edit: { interactive: true }, want: { interactive: true } },
  { reason: 'a limit of time', edit: { timeoutSeconds: 7 }, want: { timeoutSeconds: 7 } },
  {
    reason: 'other labels and taints',
    before: { executorSelector: { gpu: 'a100', arch: 'arm64' } },
    edit: { executorSelector: { gpu: 'h100' }, tolerations: [{ key: 'gpu' }] },
    want: { executorSelector: { gpu: 'h100' }, tolerations: [{ key: 'gpu' }] },
  },
])('a run that waits gets $reason', ({ before = {}, edit, want }) => {
  const world = waiting(before);
  const { executorSelector: _, priority: __, ...rest } = only(world).spec;
  world.edit(edit);
  expect(world.plan().create).toEqual([]);
  world.settle();
  expect(only(world).spec).toEqual({ ...rest, ...want });
});

it.each<[string, (world: World, name: string) => void]>([
  ['is bound', (world, name) => world.change(name, { spec: { executorName: 'e' } })],
  ['is cancelled', (world, name) => world.change(name, { spec: { cancel: true } })],
  ['is being deleted', (world, name) => world.mark(name)],
  ['has ended', (world, name) => world.change(name, { status: { phase: 'Failed', reason: 'AgentFailed' } })],
])('a run that %s keeps what it has', (_, become) => {
  const world = waiting();
  become(world, 'fix-abcde-s0-a1');
  world.edit({ priority: 'high' });
  world.settle();
  expect(only(world).spec).not.toHaveProperty('priority');
});
