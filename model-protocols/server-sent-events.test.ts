import { describe, expect, it } from 'vitest';
import { EventTooLargeError, formatEvent, readEvents } from './server-sent-events.ts';

async function received(pieces: (string | Buffer)[], maxEventBytes = 1000): Promise<string[]> {
  const found: string[] = [];
  const body = pieces.map((piece) => Buffer.from(piece));
  for await (const { data, isWhole } of readEvents(body, maxEventBytes)) {
    found.push(isWhole ? data : `${data}…`);
  }
  return found;
}

describe('readEvents', () => {
  const ü = Buffer.from('ü');
  it.each<[string, (string | Buffer)[], string[]]>([
    ['two in one piece', ['data: a\n\ndata: b\n\n'], ['a', 'b']],
    ['one in two pieces', ['da', 'ta: a\n', '\n'], ['a']],
    ['a letter in two pieces', ['data: ', ü.subarray(0, 1), ü.subarray(1), '\n\n'], ['ü']],
    ['lines that end as on Windows', ['data: a\r\n\r\ndata: b\r\n\r\n'], ['a', 'b']],
    ['a byte order mark in front', ['\uFEFFdata: a\n\n'], ['a']],
    ['no blank behind the colon', ['data:a\n\n'], ['a']],
    ['comments that keep the connection open', [': PROCESSING\n\n', 'data: a\n\n', ':\n\n'], ['a']],
    ['names, ids and times to wait', ['event: x\nid: 1\nretry: 0\ndata: a\n\n'], ['a']],
    ['data of two lines', ['data: a\ndata: b\n\n'], ['a\nb']],
    ['no empty line behind the last one', ['data: a\n\ndata: [DONE]'], ['a', '[DONE]…']],
    ['nothing', [], []],
  ])('reads %s', async (_, pieces, want) => expect(await received(pieces)).toEqual(want));

  it('throws when an event does not end', async () => {
    const piece = `data: ${'x'.repeat(60)}`;
    await expect(received([piece, 'x'.repeat(60)], 100)).rejects.toThrow(EventTooLargeError);
    // Many small ones are no large one.
    const small = Array.from({ length: 20 }, () => 'data: 1234567890\n\n');
    expect(await received(small, 100)).toHaveLength(20);
  });
});

describe('formatEvent', () => {
  it.each([
    { reason: 'data alone', event: { data: 'a' }, want: 'data: a\n\n' },
    { reason: 'with a name', event: { event: 'x', data: 'a' }, want: 'event: x\ndata: a\n\n' },
    { reason: 'lines stay lines', event: { data: 'a\r\nb\n' }, want: 'data: a\ndata: b\ndata: \n\n' },
  ])('$reason', ({ event, want }) => expect(formatEvent(event)).toBe(want));
});
