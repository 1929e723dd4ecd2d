import { describe, expect, it } from 'vitest';
import type { TaskEvent } from '../../types/tasks/task-event.ts';
import { logLines } from './log-lines.ts';

/** Counts how often its text was made. */
function counted(seq: number, text: string): { event: TaskEvent; made: () => number } {
  let made = 0;
  const data = {
    text,
    toJSON() {
      made += 1;
      return { text };
    },
  };
  const event: TaskEvent = { seq, source: 's', sourceSeq: seq, time: 't', type: 'text', data };
  return { event, made: () => made };
}

const parsed = (pieces: readonly Uint8Array[]): unknown[] =>
  Buffer.concat(pieces)
    .toString()
    .split('\n')
    .filter(Boolean)
    .map((line): unknown => JSON.parse(line));

describe('the lines of a log', () => {
  it('are made once for all who are given the same events', () => {
    const [first, second] = [counted(1, 'über\n'), counted(2, 'x')];
    const page = Object.freeze([first.event, second.event]);
    const pieces = logLines(page);
    for (let follower = 0; follower < 10; follower++) expect(logLines(page)).toBe(pieces);
    expect([first.made(), second.made()]).toEqual([1, 1]);
    expect(parsed(pieces)).toMatchObject([
      { seq: 1, data: { text: 'über\n' } },
      { seq: 2, data: { text: 'x' } },
    ]);
  });

  it('come in pieces when they are long', () => {
    const page = [1, 2, 3].map((seq) => counted(seq, 'x'.repeat(50_000)).event);
    expect(logLines(page).length).toBeGreaterThan(1);
    expect(parsed(logLines(page))).toHaveLength(3);
  });
});
