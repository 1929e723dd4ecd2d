import { describe, expect, it } from 'vitest';
import { findCondition } from '#api/machinery/condition';
import type { SandboxStatus } from '#api/types/generated/sandbox';
import { isAtRest } from '#api/types/tasks/task';
import { node } from '../graph/made-up.ts';
import type { NodeRecord } from '../node-record.ts';
import { planRefused, planRefusedSmall } from './refused.ts';
import { NOW, resolved, World } from './world.ts';

const names = Array.from({ length: 400 }, (_, index) => `n${index}`);
const wide = (): World => new World(resolved(...names.map((id) => node(id))));
const REFUSED = { reason: 'StatusRefused', message: 'the limit is 3145728' } as const;

const LONG: Partial<NodeRecord> = {
  status: 'COMPLETED',
  errorMessage: 'x'.repeat(4096),
  result: { value: 'x'.repeat(8192), output: 'x'.repeat(8192), usage: { inputTokens: 7 } },
  history: [{ result: { value: 'x'.repeat(8192) } }],
};

const observed = (w: World) => ({
  ...w.cache(),
  approvals: [],
  taskRevision: undefined,
  resolve: () => w.resolution,
  programs: {},
  now: NOW,
});

describe('a Task with hundreds of steps side by side', () => {
  it('names the first ones and says how many there are beside them', () => {
    const w = wide();
    const { status } = w.settle();
    expect(status?.message).toMatch(/^Step 1 of 400 .* is starting\. Step 2 .* Step 3 .* And 397 more\.$/);
    w.edit({ cancel: true });
    expect(w.settle().status?.message).toMatch(/is being stopped\. And 397 more\.$/);
  });

  it('has no message that is longer than a condition may have', () => {
    const w = wide();
    const message = 'x'.repeat(4096);
    w.settle();
    const status: SandboxStatus = {
      ...{ phase: 'Succeeded', reason: 'Succeeded', finishedAt: NOW },
      result: { value: 'done', warnings: [message, message] },
    };
    for (const name of w.names()) w.change(name, { status });
    const messages = w.settle().status?.conditions?.map((one) => one.message.length) ?? [];
    expect(Math.max(...messages)).toBe(32_768);
  });
});

describe('a Task whose status the server refuses', () => {
  it.each([
    { reason: 'its status', refused: REFUSED },
    { reason: 'its TaskRevision', refused: { reason: 'RevisionRefused', message: 'no' } as const },
  ])('for $reason fails with a word of its own', ({ refused }) => {
    const w = wide();
    w.settle();
    const status = planRefused(observed(w), refused);
    expect(status.status).toBe('FAILED');
    expect(findCondition(status.conditions, 'Failed')?.reason).toBe(refused.reason);
  });

  it('as too large fails with a small one, which keeps what the steps have used', () => {
    const w = wide();
    w.settle();
    w.rewrite((status) => ({
      ...status,
      result: { value: 'x'.repeat(1_000_000) },
      subTasks: (status.subTasks ?? []).map((record) => Object.assign({}, record, LONG)),
    }));
    const status = planRefusedSmall(observed(w), REFUSED);
    expect(JSON.stringify(status).length).toBeLessThan(512 * 1024);
    expect(isAtRest({ ...w.task(), status })).toBe(true);
    expect(status).toMatchObject({ status: 'FAILED', result: { usage: { inputTokens: 2800 } } });
    expect(status.errorMessage).toContain('StatusRefused: the limit is 3145728');
  });

  it('runs those steps again whose answers had no room, and what needed them, when it is tried again', () => {
    const w = new World(resolved(node('long'), node('short'), node('last', { needs: ['long', 'short'] })));
    w.settle();
    const ended = (value: string): SandboxStatus => ({ phase: 'Succeeded', result: { value } });
    w.change('fix-abcde-long-a1', { status: ended('x'.repeat(8192)) });
    w.change('fix-abcde-short-a1', { status: ended('short') });
    w.settle();
    w.rewrite(() => planRefusedSmall(observed(w), REFUSED));
    w.settle();
    w.change('fix-abcde-last-a1', { status: { phase: 'Cancelled', reason: 'Cancelled' } });
    w.edit({ retries: [{ id: 'r1', node: 'last' }] });
    w.settle();
    const live = (): string[] => w.names().filter((name) => w.sandbox(name).status === undefined);
    expect(live()).toEqual(['fix-abcde-long-a2']);
    w.change('fix-abcde-long-a2', { status: ended('anew') });
    w.settle();
    expect(live()).toEqual(['fix-abcde-last-a2']);
    const { prompt } = w.sandbox('fix-abcde-last-a2').spec;
    expect(prompt).not.toContain('no room');
  });
});
