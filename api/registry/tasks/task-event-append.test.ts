import { describe, expect, it } from 'vitest';
import { parseTaskEventAppend } from './task-event-append.ts';

const time = '2026-11-21T07:00:00.123456Z';
const event = { sourceSeq: 1, time, type: 'text', data: { text: 'hi' } };
const batch = { source: 's', taskUID: 'u', events: [event] };

describe('parseTaskEventAppend', () => {
  it.each([
    [{ source: 's'.repeat(253) }, 'the longest name'],
    [{ events: [{ ...event, time: '2026-11-21T07:00:00.123456789+01:00' }] }, 'another zone, nanoseconds'],
    [{ messages: [{ role: 'USER', content: '', time }] }, 'a message'],
  ])('takes %j', (change, reason) => {
    expect(parseTaskEventAppend({ ...batch, ...change }), reason).toEqual({ ...batch, ...change });
  });

  it.each([
    [{ source: 's'.repeat(254) }, 'source: Invalid value: must be no more than 253 bytes', 'too long'],
    [{ source: 'é'.repeat(127) }, 'source: Invalid value: must be no more than 253 bytes', 'bytes count'],
    [{ taskUID: 'u'.repeat(65) }, 'taskUID: Invalid value: must be no more than 64 bytes', 'no uid'],
    [{ events: [{ ...event, time: 'Nov 21 2026' }] }, 'events[0].time', 'a date of another form'],
    [
      { events: [{ ...event, time: `2026-11-21T07:00:00.${'1'.repeat(40)}Z` }] },
      'events[0].time',
      'too long',
    ],
    [{ events: [{ ...event, time: '2026-13-21T07:00:00Z' }] }, 'events[0].time', 'no month'],
    [{ messages: [{ role: 'USER', content: '', time: '2026' }] }, 'messages[0].time', 'a year alone'],
  ])('refuses %j', (change, message, reason) => {
    expect(() => parseTaskEventAppend({ ...batch, ...change }), reason).toThrow(message);
  });

  it('takes the largest diff of a runner, and no event that is much larger', () => {
    const dataOf = (diff: string) => ({ ...batch, events: [{ ...event, type: 'diff', data: { diff } }] });
    expect(() => parseTaskEventAppend(dataOf('\u0001'.repeat(256 * 1024)))).not.toThrow();
    const most = 'é'.repeat(1024 * 1024 - 6);
    expect(() => parseTaskEventAppend(dataOf(`${most}x`))).not.toThrow();
    expect(() => parseTaskEventAppend(dataOf(`${most}xx`))).toThrow(
      expect.objectContaining({
        reason: 'RequestEntityTooLarge',
        message: 'events[0].data: has 2097153 bytes as JSON, and may have 2097152',
      }) as Error,
    );
  });
});
