import { expect, it } from 'vitest';
import type { SandboxStatus } from '#api/types/generated/sandbox';
import { node } from '../graph/made-up.ts';
import { NOW, resolved, World } from './world.ts';

const ended = (result: SandboxStatus['result'] & object): { status: SandboxStatus } => ({
  status: { phase: 'Succeeded', reason: 'Succeeded', finishedAt: NOW, result },
});

const wide = (count: number): World =>
  new World(resolved(...Array.from({ length: count }, (_, index) => node(`n${index}`))));

it('a step whose output has no room in the status fails, however many end at once', () => {
  const w = wide(64);
  w.settle();
  for (const name of w.names()) w.change(name, ended({ value: 'done', output: 'x'.repeat(62_000) }));
  const { status } = w.settle();
  expect(JSON.stringify(status).length).toBeLessThan(2 * 1024 * 1024);
  expect(status).toMatchObject({ status: 'FAILED' });
  expect(status?.errorMessage).toContain('OutputTooLarge: the output has 62002 bytes of JSON');
  const kept = status?.subTasks?.filter(({ result }) => result?.['output'] !== undefined);
  expect(kept).toHaveLength(8);
});

it('outputs that have been written down take room from those that come later', () => {
  const w = wide(9);
  w.settle();
  for (const name of w.names()) {
    w.change(name, ended({ value: 'done', output: 'x'.repeat(64_000) }));
    w.step();
  }
  expect(w.settle().status?.subTasks?.map(({ status }) => status)).toEqual([
    ...Array.from({ length: 8 }, () => 'COMPLETED'),
    'FAILED',
  ]);
});

it('answers of escapes leave room in the status', () => {
  const w = wide(16);
  w.settle();
  for (const name of w.names()) w.change(name, ended({ value: '\u001b'.repeat(60_000) }));
  const { status } = w.settle();
  expect(status?.status).toBe('COMPLETED');
  expect(JSON.stringify(status).length).toBeLessThan(2.5 * 1024 * 1024);
});

it('an end that a retry leaves behind keeps its answer, not its output', () => {
  const w = wide(1);
  w.settle();
  for (const name of w.names()) w.change(name, ended({ value: 'first', output: { big: true } }));
  w.settle();
  w.edit({ retries: [{ id: 'r1', node: 'n0' }] });
  const [record] = w.settle().status?.subTasks ?? [];
  expect((record as { history?: unknown[] }).history).toMatchObject([{ result: { value: 'first' } }]);
  expect(JSON.stringify(record)).not.toContain('big');
});
