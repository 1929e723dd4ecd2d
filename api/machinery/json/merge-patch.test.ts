import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyMergePatch } from './merge-patch.ts';

describe('applyMergePatch', () => {
  it.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }, 'replaces'],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }, 'adds'],
    [{ a: 'b' }, { a: null }, {}, 'null deletes'],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }, 'a list is a value'],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }, 'lists do not merge'],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }, 'objects merge'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }, 'null in the target stays'],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }, 'nulls never get into the result'],
    [{}, { a: [{ b: null, c: 1 }] }, { a: [{ c: 1 }] }, 'nor those in lists'],
    [{ a: 1 }, { a: [null] }, { a: [null] }, 'but for items'],
    [{ a: 'text' }, { a: { b: 1 } }, { a: { b: 1 } }, 'an object replaces a value'],
  ])('%j + %j', (target, patch, want, reason) => {
    const before = structuredClone(target);
    expect(applyMergePatch(target, patch), reason).toEqual(want);
    expect(target, 'the target is left alone').toEqual(before);
  });

  it.each([[null], [[]], ['text'], [1]])('refuses %j', (patch) => {
    expect(() => applyMergePatch({}, patch)).toThrow('must be a JSON object');
  });

  it('does not touch a prototype', () => {
    const patch: unknown = JSON.parse('{"__proto__": {"polluted": true}, "constructor": {"a": 1}}');
    const result = applyMergePatch({}, patch);
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
    expect(Object.hasOwn(result, 'constructor')).toBe(true);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('refuses nesting without end', () => {
    const patch: unknown = JSON.parse('{"a":'.repeat(5000) + '1' + '}'.repeat(5000));
    expect(() => applyMergePatch({}, patch)).toThrow('nested');
  });

  it('gives the same result when applied twice', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.dictionary(fc.string(), fc.jsonValue()),
        (t, p) => {
          const once = applyMergePatch(t, p);
          expect(applyMergePatch(once, p)).toEqual(once);
        },
      ),
    );
  });
});
