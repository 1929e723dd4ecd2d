import { describe, expect, it } from 'vitest';
import { judgeHistory } from './linearizability.ts';
import type { Operation } from './linearizability.ts';
import { findDisorder, findNonLinearizable } from './object-history.ts';
import type { Answer, Asked, ObjectOperation } from './object-history.ts';

const LOST = Number.POSITIVE_INFINITY;

/** `[called, returned]`, what was asked and what was answered. */
function operation([called, returned]: [number, number], asked: Asked, answer: Answer): ObjectOperation {
  return { client: 'c', name: 'x', called, returned, action: { ...asked, answer } };
}
const create = (value: string): Asked => ({ op: 'create', value });
const update = (value: string, expected: number): Asked => ({ op: 'update', value, expected });
const remove = (expected: number): Asked => ({ op: 'delete', expected });
const get: Asked = { op: 'get' };
const written = (revision: number): Answer => ({ is: 'written', revision });
const found = (revision: number, value: string): Answer => ({ is: 'found', revision, value });
const refused = (code: 'Exists' | 'NotFound' | 'Conflict'): Answer => ({ is: 'refused', code });
const absent: Answer = { is: 'absent' };
const unknown: Answer = { is: 'unknown' };

/** An object that exists at revision 1 from time 1 on. */
const made = operation([0, 1], create('a'), written(1));

describe('histories that one object explains', () => {
  it.each<{ of: string; history: ObjectOperation[] }>([
    { of: 'nothing', history: [] },
    {
      of: 'one client',
      history: [
        made,
        operation([2, 3], get, found(1, 'a')),
        operation([4, 5], update('b', 1), written(2)),
        operation([6, 7], update('c', 1), refused('Conflict')),
        operation([8, 9], create('d'), refused('Exists')),
        operation([10, 11], remove(2), written(3)),
        operation([12, 13], get, absent),
        operation([14, 15], update('e', 2), refused('NotFound')),
      ],
    },
    {
      of: 'a read during a write, which may see either state',
      history: [
        made,
        operation([2, 9], update('b', 1), written(2)),
        operation([3, 4], get, found(1, 'a')),
        operation([5, 6], get, found(2, 'b')),
      ],
    },
    {
      of: 'an order that is not that of the calls',
      history: [
        made,
        operation([2, 9], update('b', 1), refused('Conflict')),
        operation([3, 8], update('c', 1), written(2)),
      ],
    },
    {
      of: 'a lost answer to a write that happened',
      history: [
        made,
        operation([2, LOST], update('b', 1), unknown),
        operation([3, 4], get, found(1, 'a')),
        operation([20, 21], get, found(2, 'b')),
        operation([22, 23], update('c', 2), written(3)),
      ],
    },
    {
      of: 'a lost answer to a write that did not happen',
      history: [
        made,
        operation([2, LOST], update('b', 1), unknown),
        operation([20, 21], update('c', 1), written(2)),
        operation([22, 23], get, found(2, 'c')),
      ],
    },
    {
      of: 'a lost answer to a deletion, seen by what came after',
      history: [
        made,
        operation([2, LOST], remove(1), unknown),
        operation([3, 4], get, found(1, 'a')),
        operation([5, 6], create('b'), written(4)),
      ],
    },
    {
      of: 'a write that nobody read, seen by a conflict only',
      history: [
        made,
        operation([2, LOST], update('b', 1), unknown),
        operation([3, 4], update('c', 1), refused('Conflict')),
      ],
    },
    {
      of: 'many lost answers, in any order that fits',
      history: [
        made,
        ...Array.from({ length: 12 }, (_, i) => operation([2, LOST], update(`l${i}`, i + 1), unknown)),
        operation([50, 51], get, found(13, 'l11')),
        ...Array.from({ length: 11 }, (_, i) => operation([3 + i, 40], get, found(i + 2, `l${i}`))),
      ],
    },
  ])('$of', ({ history }) => {
    expect(findNonLinearizable(history)).toEqual([]);
  });
});

describe('histories that no object explains', () => {
  it.each<{ of: string; history: ObjectOperation[] }>([
    {
      of: 'a lost update: two writes on one state',
      history: [
        made,
        operation([2, 5], update('b', 1), written(2)),
        operation([3, 6], update('c', 1), written(3)),
      ],
    },
    {
      of: 'a stale read',
      history: [made, operation([2, 3], update('b', 1), written(2)), operation([4, 5], get, found(1, 'a'))],
    },
    {
      of: 'a read that goes back during a write',
      history: [
        made,
        operation([2, 9], update('b', 1), written(2)),
        operation([3, 4], get, found(2, 'b')),
        operation([5, 6], get, found(1, 'a')),
      ],
    },
    { of: 'a value that was never written', history: [made, operation([2, 3], get, found(1, 'z'))] },
    {
      of: 'a revision that is not that of the write',
      history: [made, operation([2, 3], get, found(7, 'a'))],
    },
    {
      of: 'a lost answer whose write shows before its call',
      history: [made, operation([2, 3], get, found(2, 'b')), operation([4, LOST], update('b', 1), unknown)],
    },
    {
      of: 'a lost answer whose write happens and is undone',
      history: [
        made,
        operation([2, LOST], update('b', 1), unknown),
        operation([3, 4], get, found(2, 'b')),
        operation([5, 6], get, found(1, 'a')),
      ],
    },
    {
      of: 'a lost answer whose write happens twice',
      history: [
        operation([0, LOST], create('a'), unknown),
        operation([1, 2], get, found(1, 'a')),
        operation([3, 4], remove(1), written(2)),
        operation([5, 6], get, found(1, 'a')),
      ],
    },
    {
      of: 'a conflict that is none',
      history: [made, operation([2, 3], update('b', 1), refused('Conflict'))],
    },
    { of: 'Exists where nothing was', history: [operation([0, 1], create('a'), refused('Exists'))] },
    {
      of: 'NotFound for what was made anew',
      history: [
        made,
        operation([2, 3], remove(1), written(2)),
        operation([4, 5], create('b'), written(3)),
        operation([6, 7], update('c', 1), refused('NotFound')),
      ],
    },
    {
      of: 'a second creation',
      history: [made, operation([2, 3], create('b'), written(2))],
    },
    {
      of: 'a revision that is lower than the one it replaces',
      history: [operation([0, 1], create('a'), written(5)), operation([2, 3], update('b', 5), written(4))],
    },
  ])('$of', ({ history }) => {
    expect(findNonLinearizable(history)).toHaveLength(1);
  });

  it('are told with where the search ended', () => {
    const [line] = findNonLinearizable([made, operation([2, 3], get, found(1, 'z'))]);
    expect(line).toMatch(/1 of 2 in order/);
    expect(line).toMatch(/\? c \[2.00, 3.00\].*"z"/);
  });
});

describe('the search', () => {
  it('is polynomial where all orders end in one state', () => {
    // 2^40 orders without the memory of what was tried.
    const noise = Array.from({ length: 40 }, (): Operation<string> => ({
      client: 'c',
      called: 0,
      returned: 10,
      action: 'noise',
    }));
    const impossible = { client: 'c', called: 0, returned: 10, action: 'impossible' };
    const model = {
      initial: 0,
      apply: (state: number, action: string) => (action === 'noise' ? state : undefined),
      textOf: String,
    };
    const few = [...noise.slice(0, 14), impossible];
    expect(judgeHistory(few, model).linearizable).toBe(false);
    expect(judgeHistory(noise, model)).toMatchObject({ linearizable: true, order: { length: 40 } });
  });
});

describe('the order of time', () => {
  const mark = (called: number, returned: number, revision: number, isWrite = true) => ({
    what: 'm',
    called,
    returned,
    revision,
    isWrite,
  });

  it('lets concurrent writes have any order', () => {
    expect(findDisorder([mark(0, 5, 2), mark(1, 6, 1), mark(7, 8, 3)])).toEqual([]);
  });

  it.each([
    { of: 'a later write with a lower revision', later: mark(2, 3, 4) },
    { of: 'two writes with one revision', later: mark(2, 3, 5) },
    { of: 'a list of an older revision', later: mark(2, 3, 4, false) },
  ])('refuses $of', ({ later }) => {
    expect(findDisorder([mark(0, 1, 5), later])).toHaveLength(1);
  });

  it('lets a list be of the revision that was told', () => {
    expect(findDisorder([mark(0, 1, 5), mark(2, 3, 5, false)])).toEqual([]);
  });
});
