import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StoredTaskAppend } from '../driver/task-tables.ts';
import { NEW_SOURCE, planAppend } from './plan-append.ts';
import type { SourceState } from './plan-append.ts';

const events = (from: number, to: number): StoredTaskAppend['events'] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => ({
    sourceSeq: from + i,
    time: 't',
    type: 'text',
    data: '{}',
  }));

const state = { lastSeq: 10, lastMessageId: 4, lastSourceSeq: 3, lastSourceEventSeq: 7, purgedAt: 0 };
const message = { role: 'USER' as const, content: 'x', time: 't' };

describe('planAppend', () => {
  it.each([
    { reason: 'nothing asks how far', from: 1, to: 0, code: undefined, added: [] },
    { reason: 'all known', from: 1, to: 3, code: undefined, added: [] },
    { reason: 'some known', from: 2, to: 5, code: undefined, added: [11, 12] },
    { reason: 'all new', from: 4, to: 6, code: undefined, added: [11, 12, 13] },
    { reason: 'a gap', from: 5, to: 6, code: 'Conflict', added: [] },
  ])('$reason', ({ from, to, code, added }) => {
    const plan = planAppend(
      { source: 's', taskUID: 'u', events: events(from, to), messages: [message] },
      state,
    );
    expect(plan.outcome.ok ? undefined : plan.outcome.code).toBe(code);
    expect(plan.rows?.events.map(({ seq }) => seq) ?? []).toEqual(added);
    expect(plan.rows?.messages.map(({ id }) => id) ?? []).toEqual(added.length > 0 ? [5] : []);
  });

  it('refuses a gap inside the batch', () => {
    const batch = { source: 's', taskUID: 'u', events: [...events(4, 4), ...events(6, 6)] };
    expect(planAppend(batch, state).outcome).toMatchObject({ ok: false, code: 'Conflict' });
  });

  it('refuses the log of a deleted task', () => {
    const batch = { source: 's', taskUID: 'u', events: events(4, 4) };
    expect(planAppend(batch, { ...state, purgedAt: 9 }).outcome).toMatchObject({
      ok: false,
      code: 'NotFound',
    });
  });

  it('keeps all numberings without gaps, and finds the end of each source, over any sequence of appends', () => {
    const append = fc.record({
      source: fc.constantFrom('a', 'b', 'c'),
      from: fc.integer({ min: 1, max: 12 }),
      count: fc.nat(5),
    });
    fc.assert(
      fc.property(fc.array(append), (appends) => {
        let log = { lastSeq: 0, lastMessageId: 0, purgedAt: 0 };
        const sources = new Map<string, SourceState>();
        for (const { source, from, count } of appends) {
          const known = sources.get(source) ?? NEW_SOURCE;
          const batch = { source, taskUID: 'u', events: events(from, from + count - 1) };
          const { outcome, rows } = planAppend(batch, { ...log, ...known });
          for (const [i, row] of (rows?.events ?? []).entries()) {
            expect(row).toMatchObject({ seq: log.lastSeq + 1 + i, sourceSeq: known.lastSourceSeq + 1 + i });
          }
          if (rows !== undefined) {
            const { lastSeq, lastMessageId, lastSourceSeq } = rows;
            log = { lastSeq, lastMessageId, purgedAt: 0 };
            sources.set(source, { lastSourceSeq, lastSourceEventSeq: rows.events.at(-1)?.seq ?? 0 });
          }
          if (outcome.ok) expect(outcome.appended).toMatchObject(sources.get(source) ?? NEW_SOURCE);
        }
      }),
    );
  });
});
