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

it('warnings leave room in the status, however many there are', () => {
  const w = wide(64);
  w.settle();
  const warnings = Array.from({ length: 4 }, () => 'w'.repeat(4000));
  for (const name of w.names()) w.change(name, ended({ value: 'done', warnings }));
  const { status } = w.settle();
  expect(status?.status).toBe('COMPLETED');
  expect(JSON.stringify(status).length).toBeLessThan(400 * 1024);
  const kept = status?.subTasks?.map(({ result }) => result?.['warnings']) ?? [];
  expect(kept[0], 'the first ones stay').toEqual(warnings);
  expect(kept.at(-1)).toEqual(['And 4 more warnings, in the Sandbox of the run.']);
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
