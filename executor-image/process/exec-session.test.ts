import { expect, it } from 'vitest';
import { sessionOf } from './exec-session.ts';
import type { ProcessEntry } from './exec-session.ts';

const entry = (pid: number, parent: number, session: number, marked = true): ProcessEntry => ({
  ...{ pid, parent, session, marked },
});
const RUNNER = entry(8, 1, 1, false);
const AGENT = entry(39, 8, 39, false);

it.each([
  ['a program and what it has started', [entry(50, 0, 50), entry(51, 50, 50)], [50, 51]],
  ['with what has cleared its environment', [entry(50, 0, 50), entry(51, 50, 50, false)], [50, 51]],
  ['without what went to a session of its own', [entry(50, 0, 50), entry(51, 1, 51)], [50]],
  ['nothing that has stayed in the background of one that has ended', [entry(51, 1, 50)], []],
  ['nothing of another program', [entry(50, 0, 50, false), entry(51, 50, 50, false)], []],
] as [string, ProcessEntry[], number[]][])('hangs up %s', (_what, processes, expected) => {
  expect(sessionOf([RUNNER, AGENT, ...processes])).toEqual(expected);
});
