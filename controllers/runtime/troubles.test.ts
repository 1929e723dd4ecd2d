import { describe, expect, it } from 'vitest';
import type { ConditionStatus } from '#api/machinery/condition';
import { createManualClock } from '#api/machinery/manual-clock';
import { createTroubles } from './troubles.ts';

function thing(status: ConditionStatus, message: string) {
  const condition = { type: 'Ready', status, reason: 'R', message, lastTransitionTime: '' };
  return { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'x' }, status: { conditions: [condition] } };
}

function setUp(wished: ReadonlySet<string> = new Set()) {
  const told: string[] = [];
  const clock = createManualClock();
  const recorder = {
    event: (_about: unknown, { type, message }: { type: string; message: string }) =>
      void told.push(`${type} ${message}`),
  };
  return { told, clock, troubles: createTroubles({ recorder, clock, settleMs: 2000, wished }) };
}

describe('troubles', () => {
  it('are told of when they last, and so is their end', () => {
    const { told, clock, troubles } = setUp();
    troubles.follow('x', thing('False', 'no Ghost'));
    clock.advance(1999);
    expect(told).toEqual([]);
    clock.advance(1);
    troubles.follow('x', thing('True', 'fine'));
    expect(told).toEqual(['Warning no Ghost', 'Normal fine']);
  });

  it('that a person has wished for are no warnings', () => {
    const { told, clock, troubles } = setUp(new Set(['R']));
    troubles.follow('x', thing('False', 'suspended'));
    clock.advance(2000);
    expect(told).toEqual(['Normal suspended']);
  });

  it('that are over at once are no news', () => {
    const { told, clock, troubles } = setUp();
    troubles.follow('x', thing('False', 'no Ghost'));
    troubles.follow('x', thing('True', 'fine'));
    clock.advance(10_000);
    expect(told).toEqual([]);
  });

  it('are told of once, however often they are looked at', () => {
    const { told, clock, troubles } = setUp();
    for (let round = 0; round < 5; round += 1) {
      troubles.follow('x', thing('False', 'no Ghost'));
      clock.advance(1000);
    }
    troubles.follow('x', thing('False', 'no Shell'));
    clock.advance(2000);
    expect(told).toEqual(['Warning no Ghost', 'Warning no Shell']);
  });

  it('end with the object', () => {
    const { told, clock, troubles } = setUp();
    troubles.follow('x', thing('False', 'no Ghost'));
    troubles.follow('x', undefined);
    clock.advance(10_000);
    expect(told).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});
