import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findDuplicateFields } from './duplicate-fields.ts';

describe('findDuplicateFields', () => {
  it.each([
    ['{"a":1,"b":{"a":1}}', [], 'the same name in two objects'],
    ['{"spec":{"x":1,"y":2,"x":3}}', ['spec.x'], 'a field of a field'],
    ['{"a":1,"a":2,"a":3}', ['a'], 'a field three times is one finding'],
    ['{"l":[{"n":1},{"n":1,"n":2}]}', ['l[1].n'], 'in an item'],
    ['{"l":[[{"n":1,"n":2}]],"l":[]}', ['l[0][0].n', 'l'], 'in a list of lists, then around it'],
    [String.raw`{"a\"":1,"a\\":2,"\u0061\"":3}`, ['a"'], 'escaped names are compared as what they mean'],
    [String.raw`{"a":"x\\","b":"\"a\":1,","a":2}`, ['a'], 'what looks like a field within a text'],
    ['{"metadata":{"labels":{"app":"1" , "app" : "2"}}}', ['metadata.labels.app'], 'spaces'],
    ['[]', [], 'no object'],
    ['"text"', [], 'a text'],
  ])('%s', (text, want, reason) => {
    expect(findDuplicateFields(text), reason).toEqual(want);
  });

  it('finds nothing in what JSON.stringify makes, and what is added twice', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), (object) => {
        const text = JSON.stringify(object);
        expect(findDuplicateFields(text)).toEqual([]);
        const name = Object.keys(object)[0] ?? '';
        const twice = `{${JSON.stringify(name)}:0,${text.slice(1)}`;
        expect(findDuplicateFields(twice)).toEqual([name]);
      }),
    );
  });

  it('stops at a hundred', () => {
    const names = Array.from({ length: 500 }, (_, index) => `"n${index}":1,"n${index}":2`);
    expect(findDuplicateFields(`{${names.join()}}`)).toHaveLength(100);
  });
});
