import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findCondition } from '#api/machinery/condition';
import type { ApprovalStatus } from '#api/types/generated/approval';
import type { Sandbox, SandboxStatus } from '#api/types/generated/sandbox';
import type { TaskSpec } from '#api/types/generated/task';
import { isFinalPhase } from '#api/types/sandboxes/sandbox';
import { isFinalTaskStatus } from '#api/types/tasks/task';
import type { RunNode } from '../graph/graph.ts';
import { line, node } from '../graph/made-up.ts';
import { readRecords } from '../node-record.ts';
import { budgetOf, spentBy } from '../status/spending.ts';
import { resolved, World } from './world.ts';

const world = (spec: Partial<TaskSpec>, ...nodes: RunNode[]): World => new World(resolved(...nodes), spec);

const used = (inputTokens: number, costUSD?: number): NonNullable<SandboxStatus['result']> => ({
  value: 'x',
  sessionId: 'session',
  usage: { inputTokens },
  ...(costUSD === undefined ? {} : { costUSD }),
});
const done = (tokens: number, cost?: number): SandboxStatus => ({
  ...{ phase: 'Succeeded', reason: 'Succeeded', result: used(tokens, cost) },
});
const over = (reason: 'CostLimit' | 'TokenLimit', tokens: number, cost?: number): SandboxStatus => ({
  ...{ phase: 'Failed', reason, message: 'too much', result: used(tokens, cost) },
});

const live = (w: World): Sandbox[] => w.sandboxes().filter(({ status }) => !isFinalPhase(status?.phase));
const limits = (w: World): unknown[] => live(w).map(({ spec }) => spec.limits);
const only = (w: World): string => live(w)[0]?.metadata.name ?? '';

describe('a budget', () => {
  it('is divided among the runs that start, and what one leaves is given to the next', () => {
    const w = world(
      { tokenBudget: 101, costBudget: 1 },
      node('a'),
      node('b'),
      node('c', { needs: ['a', 'b'] }),
    );
    w.settle();
    const half = { tokens: 50, costUSD: 0.5 };
    expect(limits(w)).toEqual([half, half]);
    for (const { metadata } of live(w)) w.change(metadata.name, { status: done(10, 0.1) });
    expect(w.settle().status).toMatchObject({ budget: { tokens: 20, costUSD: 0.2 } });
    expect(limits(w)).toEqual([{ tokens: 81, costUSD: 0.8 }]);
  });

  it('leaves the limits of a Shell as they are where these are smaller', () => {
    const w = world({ tokenBudget: 100 }, node('a', { limits: { tokens: 30, turns: 5 } }));
    w.settle();
    expect(limits(w)).toEqual([{ tokens: 30, turns: 5 }]);
    w.change(only(w), { status: over('TokenLimit', 31) });
    expect(w.settle().status).toMatchObject({
      status: 'FAILED',
      errorMessage: expect.stringContaining('TokenLimit'),
    });
  });

  it('that is used up ends the Task with its reason', () => {
    const w = world({ tokenBudget: 100 }, ...line({ name: 'a' }, { name: 'b' }));
    w.settle();
    w.change(only(w), { status: done(105) });
    const { status } = w.settle();
    expect(status).toMatchObject({
      status: 'FAILED',
      errorMessage:
        'The Task failed: BudgetExceeded: the Task has used up 105 tokens of 100, and is not done.',
      budget: { tokens: 105 },
    });
    expect(findCondition(status?.conditions, 'Failed')).toMatchObject({
      status: 'True',
      reason: 'BudgetExceeded',
    });
  });

  it('that is used up by the last step has been enough', () => {
    const w = world({ tokenBudget: 100 }, node('a'));
    w.settle();
    w.change(only(w), { status: done(105) });
    expect(w.settle().status?.status).toBe('COMPLETED');
  });

  it('gives a run that has used up its share what others have left, in its session', () => {
    const w = world({ costBudget: 1 }, node('a'), node('b'));
    w.settle();
    const [a = '', b = ''] = live(w).map(({ metadata }) => metadata.name);
    w.change(a, { status: over('CostLimit', 5, 0.51) });
    w.settle();
    expect(findCondition(w.task().status?.conditions, 'Finished')?.message).toContain(
      'Waits for what the runs beside it leave of the budget.',
    );
    w.change(b, { status: done(5, 0.1) });
    w.settle();
    expect(live(w)[0]?.spec).toMatchObject({
      node: 'a',
      attempt: 2,
      session: { id: 'session' },
      limits: { costUSD: 0.39 },
    });
    w.change(only(w), { status: over('CostLimit', 5, 0.4) });
    expect(w.settle().status).toMatchObject({
      status: 'FAILED',
      errorMessage: 'The Task failed: BudgetExceeded: the Task has used up $1.01 of $1, and is not done.',
    });
  });

  it('counts attempts that were lost', () => {
    const w = world({ tokenBudget: 100 }, node('a'));
    w.settle();
    w.change(only(w), { status: { phase: 'Failed', reason: 'ExecutorLost', result: used(40) } });
    w.settle();
    expect(limits(w)).toEqual([{ tokens: 60 }]);
  });
});

describe('a budget that people may raise', () => {
  const asking = (): World => {
    const w = world({ tokenBudget: 100, onBudgetExceeded: 'Ask' }, ...line({ name: 'a' }, { name: 'b' }));
    w.settle();
    w.change(only(w), { status: done(105) });
    w.settle();
    return w;
  };
  const open = (w: World): string => w.openApprovals()[0]?.metadata.name ?? '';

  it('waits for an Approval, which says for what', () => {
    const w = asking();
    expect(w.openApprovals().map(({ spec }) => spec)).toMatchObject([
      {
        purpose: 'Budget',
        message:
          'The Task has used up 105 tokens of 100, and is not done. May it have 100 tokens on top of that? It also goes on with a higher spec.tokenBudget.',
      },
    ]);
    expect(w.task().status).toMatchObject({ status: 'PENDING_CONFIRMATION', budget: { tokens: 105 } });
  });

  it('is given once more by a yes, which stays when the Approval goes', () => {
    const w = asking();
    const name = open(w);
    w.decide(name, { phase: 'Decided', decision: 'Approved', decidedBy: { name: 'ann' } });
    expect(w.settle().status).toMatchObject({
      budget: { tokens: 105, granted: 1, grantedFrom: { tokens: 105 } },
    });
    expect(limits(w)).toEqual([{ tokens: 100 }]);
    w.removeApproval(name);
    w.change(only(w), { status: over('TokenLimit', 101) });
    w.settle();
    expect(open(w), 'people are asked a second time').not.toBe(name);
    w.decide(open(w), { phase: 'Decided', decision: 'Approved', decidedBy: { name: 'ann' } });
    w.settle();
    expect(live(w)[0]?.spec).toMatchObject({ session: { id: 'session' }, limits: { tokens: 100 } });
    w.change(only(w), { status: done(9) });
    expect(w.settle().status).toMatchObject({ status: 'COMPLETED', budget: { tokens: 215, granted: 2 } });
  });

  it.each([
    ['tokens', { tokenBudget: 1000 }, { tokens: 1000 }],
    ['cost', { costBudget: 0.1 }, { costUSD: 0.1 }],
  ])('is whole after one yes, however much too far a call went: %s', (_, budget, want) => {
    const w = world({ ...budget, onBudgetExceeded: 'Ask' }, ...line({ name: 'a' }, { name: 'b' }));
    w.settle();
    w.change(only(w), { status: done(5500, 0.55) });
    w.settle();
    w.decide(open(w), { phase: 'Decided', decision: 'Approved', decidedBy: { name: 'ann' } });
    w.settle();
    expect(limits(w)).toEqual([want]);
    expect(w.openApprovals()).toEqual([]);
  });

  it('counts from what was allowed where a Task of an older version notes no more', () => {
    const w = asking();
    expect(budgetOf(w.task(), { granted: 2 })).toEqual({ tokens: 300 });
  });

  it('goes on without a yes when it is raised', () => {
    const w = asking();
    w.edit({ tokenBudget: 150 });
    expect(w.settle().status?.approvals, 'what nobody names is closed').toBeUndefined();
    expect(limits(w)).toEqual([{ tokens: 45 }]);
  });

  it('is used up after a no', () => {
    const w = asking();
    w.decide(open(w), {
      phase: 'Decided',
      decision: 'Rejected',
      reason: 'enough',
      decidedBy: { name: 'ann' },
    });
    expect(w.settle().status).toMatchObject({
      status: 'FAILED',
      errorMessage: expect.stringContaining('and is not done. Rejected: enough'),
    });
  });

  const no: ApprovalStatus = { phase: 'Decided', decision: 'Rejected', decidedBy: { name: 'ann' } };
  const wishes: [string, (w: World, id: string) => unknown][] = [
    ['who tries the Task again', (w, id) => w.edit({ retries: [...(w.task().spec.retries ?? []), { id }] })],
    ['who speaks to it', (w) => w.post()],
  ];

  it.each(wishes)('is asked for again, after any number of refusals, by %s', (_, wish) => {
    const w = asking();
    const names = [open(w)];
    for (const id of ['x', 'y']) {
      w.decide(open(w), no);
      expect(w.settle().status?.status).toBe('FAILED');
      wish(w, id);
      expect(w.settle().status).toMatchObject({ status: 'PENDING_CONFIRMATION', budget: { tokens: 105 } });
      names.push(open(w));
    }
    expect(names).toEqual(['fix-abcde-budget-1', 'fix-abcde-budget-2', 'fix-abcde-budget-3']);
    w.decide(open(w), { phase: 'Decided', decision: 'Approved', decidedBy: { name: 'ann' } });
    expect(w.settle().status).toMatchObject({ budget: { granted: 1, rejected: 2 } });
    expect(limits(w)).toEqual([{ tokens: 100 }]);
  });
});

describe('any graph with a budget', () => {
  const graph = fc
    .array(fc.array(fc.nat({ max: 5 }), { maxLength: 2 }), { minLength: 1, maxLength: 6 })
    .map((all) =>
      all.map((needs, index) =>
        node(`n${index}`, {
          needs: [...new Set(needs.filter((need) => need < index).map((need) => `n${need}`))],
        }),
      ),
    );
  /** Tokens that one call of a model uses at most. */
  const CALL = 10;
  const turns = fc.array(
    fc.record({ which: fc.nat({ max: 5 }), wants: fc.nat({ max: 120 }), last: fc.nat({ max: CALL }) }),
    {
      ...{ minLength: 40, maxLength: 80 },
    },
  );

  it('exceeds it by at most one call of each run that reached its share, and every wait has a reason', () => {
    fc.assert(
      fc.property(graph, fc.integer({ min: 1, max: 300 }), turns, (nodes, tokenBudget, story) => {
        const w = world({ tokenBudget }, ...nodes);
        let reached = 0;
        for (const { which, wants, last } of story) {
          const { status } = w.settle();
          if (isFinalTaskStatus(status?.status)) break;
          const runs = live(w);
          const run = runs[which % Math.max(1, runs.length)];
          expect(run, 'a Task that is not over has something that runs').toBeDefined();
          const shares = runs.map(({ spec }) => spec.limits?.tokens ?? Infinity);
          const spent = spentBy(readRecords(status)).tokens;
          const given = shares.reduce((sum, share) => sum + share, 0);
          expect(spent + given).toBeLessThanOrEqual(tokenBudget + reached * CALL);
          const share = run?.spec.limits?.tokens ?? 0;
          const isOver = wants > share;
          if (isOver) reached += 1;
          const end = isOver ? over('TokenLimit', share + Math.max(1, last)) : done(wants);
          w.change(run?.metadata.name ?? '', { status: end });
        }
        const { status } = w.settle();
        const spent = spentBy(readRecords(status)).tokens;
        expect(spent).toBeLessThanOrEqual(tokenBudget + reached * CALL);
        if (status?.status === 'FAILED') expect(status.errorMessage).toContain('BudgetExceeded');
      }),
      { numRuns: 200 },
    );
  });
});
