import { describe, expect, it } from 'vitest';
import type { Condition } from '#api/machinery/condition';
import { deletionConditions } from './conditions.ts';
import type { DeletionOutcome } from './conditions.ts';

const EMPTY: DeletionOutcome = { failures: [], remaining: new Map(), finalizers: new Map() };
const T1 = '2026-01-01T00:00:00Z';
const T2 = '2026-01-01T00:00:09Z';

const find = (conditions: readonly Condition[], type: string) =>
  conditions.find((condition) => condition.type === type);

describe('conditions of a namespace that goes', () => {
  it('are all False when everything went well', () => {
    const conditions = deletionConditions([], EMPTY, T1);
    expect(conditions.map(({ status }) => status)).toEqual(['False', 'False', 'False', 'False', 'False']);
  });

  it('are the same when nothing changed', () => {
    const conditions = deletionConditions([], EMPTY, T1);
    expect(deletionConditions(conditions, EMPTY, T2)).toBe(conditions);
  });

  it('name what is left and what keeps it, in an order of their own', () => {
    const outcome = {
      ...EMPTY,
      remaining: new Map([
        ['tasks.agent.wecode.io', 2],
        ['configmaps.', 1],
      ]),
      finalizers: new Map([['x.io/hold', 3]]),
    };
    const conditions = deletionConditions([], outcome, T1);
    expect(find(conditions, 'NamespaceContentRemaining')?.message).toBe(
      'Some resources are remaining: configmaps. has 1 resource instances, tasks.agent.wecode.io has 2 resource instances',
    );
    expect(find(conditions, 'NamespaceFinalizersRemaining')?.message).toBe(
      'Some content in the namespace has finalizers remaining: x.io/hold in 3 resource instances',
    );
  });

  it('say since when their status holds', () => {
    const one = deletionConditions([], { ...EMPTY, failures: ['a'] }, T1);
    const two = deletionConditions(one, { ...EMPTY, failures: ['b'] }, T2);
    const three = deletionConditions(two, EMPTY, T2);
    const type = 'NamespaceDeletionContentFailure';
    expect([one, two, three].map((list) => find(list, type)?.lastTransitionTime)).toEqual([T1, T1, T2]);
    expect(find(two, type)?.message).toBe('Failed to delete all resource types, 1 remaining: b');
  });

  it("leave others' conditions alone", () => {
    const others = {
      type: 'Other',
      status: 'True',
      reason: 'R',
      message: 'm',
      lastTransitionTime: T1,
    } as const;
    expect(find(deletionConditions([others], EMPTY, T2), 'Other')).toBe(others);
  });
});
