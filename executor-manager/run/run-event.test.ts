import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../protocol/run.ts';
import { acceptEvent } from './run-event.ts';

const good: RunEvent = { seq: 3, time: '2026-11-21T06:00:00.123456Z', type: 'text', data: { text: 'x' } };

describe('acceptEvent', () => {
  it('takes what is agreed, and nothing beside it', () => {
    expect(acceptEvent({ ...good, extra: 1 } as RunEvent, 3)).toEqual(good);
  });

  it.each([
    [{ ...good, seq: 4 }, 'a gap'],
    [{ ...good, seq: 2 }, 'a repetition'],
    [{ ...good, type: 'shout' }, 'an unknown type'],
    [{ ...good, time: 'now' }, 'a time that is none'],
    [{ ...good, data: [] }, 'data that is no object'],
    [null, 'nothing'],
    ['text', 'a word'],
  ])('refuses %o', (event, reason) => {
    expect(() => acceptEvent(event as unknown as RunEvent, 3), reason).toThrow('something else than event 3');
  });
});
