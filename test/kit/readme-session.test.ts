import { expect, it } from 'vitest';
import { isShown, shownCommands } from './readme-session.ts';

it('commands of a document are read with what they print', () => {
  const markdown =
    'A text.\n```console\n$ one <<END\n> two\n> END\nline\n> line\n```\n```sh\nother\n```\n```console\n$ three\n```\n';
  expect(shownCommands(markdown)).toEqual([
    { command: 'one <<END\ntwo\nEND', output: ['line', '> line'] },
    { command: 'three', output: [] },
  ]);
});

it.each([
  { shown: [], printed: '', is: true },
  { shown: [], printed: 'something', is: false },
  { shown: ['a b'], printed: 'a    b', is: true },
  { shown: ['  a b'], printed: ' a b ', is: true },
  { shown: ['a b'], printed: 'ab', is: false },
  { shown: ['a.b'], printed: 'axb', is: false },
  { shown: ['name-…-s0 4'], printed: 'name-x1-s0   4', is: true },
  { shown: ['a'], printed: 'a\nb', is: false },
  { shown: ['a', '…', 'd'], printed: 'a\nb\nc\nd', is: true },
  { shown: ['a', '…', 'd'], printed: 'a\nd', is: true },
  { shown: ['a', '…'], printed: 'a\nd', is: true },
  { shown: ['…', 'b'], printed: 'a\n', is: false },
])('of $shown, "$printed" is $is', ({ shown, printed, is }) => {
  expect(isShown(shown, printed)).toBe(is);
});
