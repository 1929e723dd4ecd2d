import { describe, expect, it } from 'vitest';
import { applyJsonPatch } from './json-patch.ts';
import { StatusError } from '../status-error.ts';

const task = { spec: { items: ['a', 'b', 'c'], prompt: 'x' } };

function failure(patch: unknown, target: object = task): StatusError {
  try {
    applyJsonPatch(target, patch);
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  throw new Error('the patch applied');
}

describe('applyJsonPatch', () => {
  it.each([
    [[{ op: 'add', path: '/spec/title', value: 't' }], { items: ['a', 'b', 'c'], prompt: 'x', title: 't' }],
    [[{ op: 'remove', path: '/spec/items/1' }], { items: ['a', 'c'], prompt: 'x' }],
    [[{ op: 'replace', path: '/spec/items/-1', value: 'z' }], { items: ['a', 'b', 'z'], prompt: 'x' }],
    [[{ op: 'add', path: '/spec/items/-', value: 'd' }], { items: ['a', 'b', 'c', 'd'], prompt: 'x' }],
    [[{ op: 'move', from: '/spec/prompt', path: '/spec/p' }], { items: ['a', 'b', 'c'], p: 'x' }],
    [
      [{ op: 'copy', from: '/spec/prompt', path: '/spec/p' }],
      { items: ['a', 'b', 'c'], p: 'x', prompt: 'x' },
    ],
    [[{ op: 'test', path: '/spec/prompt', value: 'x' }], task.spec],
    [[{ op: 'test', path: '/spec/nope', value: null }], task.spec],
    [[{ op: 'replace', path: '/spec/nope', value: 1 }], { ...task.spec, nope: 1 }],
    [[{ op: 'add', path: '/spec/a' }], { ...task.spec, a: null }],
    [[{ op: 'copy', from: '/spec/nope', path: '/spec/a' }], { ...task.spec, a: null }],
    [[{ op: 'add', path: '/spec/items/-1', value: 'd' }], { items: ['a', 'b', 'c', 'd'], prompt: 'x' }],
    [[{ op: 'add', path: '/spec/items/01', value: 'd' }], { items: ['a', 'd', 'b', 'c'], prompt: 'x' }],
    [[{ op: 'move', from: '/spec/items/0', path: '/spec/items/2' }], { items: ['b', 'c', 'a'], prompt: 'x' }],
    [[{ op: 'replace', path: '', value: { spec: { a: 1 } } }], { a: 1 }],
    [[{ op: 'test', path: '', value: task }], task.spec],
  ])('%j', (patch, want) => {
    expect(applyJsonPatch(task, patch).spec).toEqual(want);
    expect(task.spec.items, 'the target is left alone').toEqual(['a', 'b', 'c']);
  });

  it.each([
    [{ op: 'add' }, 400, 'an object is no list of operations'],
    [[1], 400, 'a number is no operation'],
    [[{ op: 'fly', path: '/a' }], 422, 'unknown operation'],
    [[{ op: 'test', path: '/spec/prompt', value: 'y' }], 422, 'a failed test'],
    [[{ op: 'remove', path: '/spec/nope' }], 422, 'nothing to remove'],
    [[{ op: 'move', from: '/spec/nope', path: '/spec/a' }], 422, 'nothing to move'],
    [[{ op: 'test', path: '/spec/nope', value: 1 }], 422, 'a missing field is null'],
    [[{ op: 'add', path: '/no/such', value: 1 }], 422, 'no parent'],
    [[{ op: 'add', value: 1 }], 422, 'no path'],
    [[{ op: 'add', path: 'spec', value: 1 }], 422, 'no pointer'],
    [[{ op: 'replace', path: '', value: [] }], 422, 'no object any more'],
    [[{ op: 'replace', path: '/spec/items/3', value: 1 }], 422, 'behind the last item'],
    [[{ op: 'move', from: '/spec', path: '/spec/inner' }], 422, 'into itself'],
    [[{ op: 'add', path: '/spec/prompt/0', value: 1 }], 422, 'a character of a text'],
    [[{ op: 'replace', path: '/spec/items/length', value: 4_000_000_000 }], 422, 'no item of a list'],
    [[{ op: 'add', path: '/spec/items/4294967294', value: 1 }], 422, 'far behind the last item'],
    [[{ op: 'add', path: '/spec/items/1e0', value: 1 }], 422, 'no index'],
    [[{ op: 'copy', from: '/spec/items/length', path: '/spec/n' }], 422, 'nothing a client wrote'],
    [[{ op: 'add', path: '/__proto__/polluted', value: 1 }], 422, 'a prototype'],
    [[{ op: 'add', path: '/constructor/prototype/polluted', value: 1 }], 422, 'a prototype by another way'],
  ])('refuses %j with %d', (patch, code, reason) => {
    expect(failure(patch).code, reason).toBe(code);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('refuses too many operations', () => {
    const patch = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/spec/prompt', value: 'x' }));
    expect(failure(patch).code).toBe(413);
  });

  it('stops copies that would double an object without end', () => {
    const patch = Array.from({ length: 60 }, () => ({ op: 'copy', from: '/a', path: '/a/-' }));
    expect(failure(patch, { a: ['x'] }).code).toBe(422);
  });
});
