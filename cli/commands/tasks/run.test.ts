import { expect, it } from 'vitest';
import { addParameter } from './run.ts';

it.each([
  { text: 'branch=main', want: { branch: 'main' } },
  { text: 'count=3', want: { count: 3 } },
  { text: 'draft=true', want: { draft: true } },
  { text: 'files=["a", "b"]', want: { files: ['a', 'b'] } },
  { text: 'quoted="a"', want: { quoted: '"a"' } },
  { text: 'query=a=b', want: { query: 'a=b' } },
  { text: 'empty=', want: { empty: '' } },
])('--parameter $text', ({ text, want }) => {
  expect(addParameter(text, { first: 1 })).toEqual({ first: 1, ...want });
});

it.each(['branch', '=main', ''])('--parameter %j has no name and value', (text) => {
  expect(() => addParameter(text)).toThrow('expected NAME=VALUE');
});
