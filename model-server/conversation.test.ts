import { describe, expect, it } from 'vitest';
import { summarize } from './conversation.ts';
import type { Turn } from './conversation.ts';

const turn = (role: Turn['role'], text: string, more: Partial<Turn> = {}): Turn => ({
  ...{ role, text, images: [], results: [] },
  ...more,
});
/** As Claude Code 2.1.329 words it. */
const RESUME = turn(
  'user',
  'Your response above was cut off mid-stream. Resume directly from where it stops — no apology, no recap.',
);
const RESULT = turn('user', '', { results: [{ name: 'Read', text: 'old', isError: false }] });

describe('a conversation whose answer was cut off', () => {
  it.each<{ why: string; turns: Turn[]; expected: { prompt: string; turn: number; said: string } }>([
    {
      why: 'is still at its first answer',
      turns: [turn('user', 'Do it'), turn('assistant', 'I be'), RESUME],
      expected: { prompt: 'Do it', turn: 1, said: 'I be' },
    },
    {
      why: 'counts the answers before it',
      turns: [turn('user', 'Do it'), turn('assistant', 'Look.'), RESULT, turn('assistant', 'Fo'), RESUME],
      expected: { prompt: 'Do it', turn: 2, said: 'Fo' },
    },
    {
      why: 'may be cut twice',
      turns: [turn('user', 'Do it'), turn('assistant', 'a'), RESUME, turn('assistant', 'b'), RESUME],
      expected: { prompt: 'Do it', turn: 1, said: 'ab' },
    },
    {
      why: 'begins again where nothing of it stands',
      turns: [turn('user', 'Do it'), RESUME],
      expected: { prompt: 'Do it', turn: 1, said: '' },
    },
    {
      why: 'is another one when a person goes on after it',
      turns: [
        turn('user', 'Do it'),
        turn('assistant', 'I be'),
        RESUME,
        turn('assistant', 'gin'),
        turn('user', 'And?'),
      ],
      expected: { prompt: 'And?', turn: 1, said: '' },
    },
  ])('$why', ({ turns, expected }) => {
    expect(summarize(turns)).toMatchObject(expected);
  });
});
