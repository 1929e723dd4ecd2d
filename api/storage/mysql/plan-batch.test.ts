import { describe, expect, it } from 'vitest';
import type { DriverMutation } from '../driver/revision-tables.ts';
import { planBatch } from './plan-batch.ts';

const mutation = (op: DriverMutation['op'], name: string, expectedRevision = 0): DriverMutation => ({
  op,
  key: { resource: 'r', namespace: '', name },
  expectedRevision,
  body: op === 'delete' ? '' : `{"metadata":{"name":"${name}"}}`,
});

const state = {
  start: 10,
  rows: [{ resource: 'r', namespace: '', name: 'old', revision: 4 }],
  maxBodyBytes: 1_000,
};

describe('planBatch', () => {
  it('lets later mutations of a batch build on earlier ones and writes only the last state', () => {
    const plan = planBatch(
      [
        mutation('create', 'a'),
        mutation('update', 'a', 11),
        mutation('update', 'old', 4),
        mutation('delete', 'old', 13),
        mutation('create', 'old'),
        mutation('delete', 'a', 12),
      ],
      state,
    );
    expect(plan.outcomes.map((outcome) => outcome.ok && outcome.revision)).toEqual([11, 12, 13, 14, 15, 16]);
    expect(plan.logRows.map((row) => row[5])).toEqual([0, 11, 4, 13, 0, 12]);
    expect(plan.puts).toEqual([['r', '', 'old', 15]]);
    expect(plan.deletes).toEqual([{ resource: 'r', namespace: '', name: 'a' }]);
  });

  it.each([
    { reason: 'create of what exists', given: mutation('create', 'old'), code: 'Exists' },
    { reason: 'update of what does not', given: mutation('update', 'b', 4), code: 'NotFound' },
    { reason: 'a stale revision', given: mutation('delete', 'old', 3), code: 'Conflict' },
    {
      reason: 'a body over the packet',
      given: { ...mutation('create', 'b'), body: 'x'.repeat(2_000) },
      code: 'TooLarge',
    },
  ])('refuses $reason and gives the number to the next', ({ given, code }) => {
    const plan = planBatch([given, mutation('create', 'next')], state);
    expect(plan.outcomes).toEqual([
      { ok: false, code },
      { ok: true, revision: 11 },
    ]);
    expect(plan.last).toBe(11);
  });
});
