import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  difference,
  equalFieldSets,
  hasPath,
  intersection,
  pathSet,
  pathsOf,
  recursiveDifference,
  union,
} from './field-set.ts';
import type { FieldSet } from './field-set.ts';
import { fieldsV1Of, readFieldsV1 } from './fields-v1.ts';
import { elementText, fieldElement, indexElement, keyElement, valueElement } from './path-element.ts';
import type { PathElement } from './path-element.ts';

const element: fc.Arbitrary<PathElement> = fc.oneof(
  fc.constantFrom('a', 'b', 'c', '.', '\u{1f600}', '\uffff').map(fieldElement),
  fc.constantFrom('x', 'y').map((name) => keyElement([['name', name]])),
  fc.constantFrom<unknown>('x', 2, 10, 1.5, true, 'a<"').map(valueElement),
  fc.nat({ max: 2 }).map(indexElement),
);

const paths = fc.array(fc.array(element, { minLength: 1, maxLength: 3 }), { maxLength: 6 });
const sets = paths.map((all) => pathSet(...all));

const texts = (set: FieldSet): string[] =>
  pathsOf(set)
    .map((path) => path.map(elementText).join(''))
    .sort();

describe('field sets', () => {
  it('hold their paths and no others', () => {
    fc.assert(
      fc.property(paths, fc.array(element, { minLength: 1, maxLength: 3 }), (all, other) => {
        const set = pathSet(...all);
        const given = new Set(all.map((path) => path.map(({ text }) => text).join('/')));
        expect(pathsOf(set)).toHaveLength(given.size);
        expect(all.every((path) => hasPath(set, path))).toBe(true);
        expect(hasPath(set, other)).toBe(given.has(other.map(({ text }) => text).join('/')));
      }),
    );
  });

  it('obey the laws of sets', () => {
    fc.assert(
      fc.property(sets, sets, (a, b) => {
        const [left, right] = [texts(a), texts(b)];
        expect(texts(union(a, b))).toEqual([...new Set([...left, ...right])].sort());
        expect(texts(intersection(a, b))).toEqual(left.filter((path) => right.includes(path)));
        expect(texts(difference(a, b))).toEqual(left.filter((path) => !right.includes(path)));
        expect(equalFieldSets(union(a, b), union(b, a))).toBe(true);
        expect(equalFieldSets(difference(a, b), difference(a, intersection(a, b)))).toBe(true);
      }),
    );
  });

  it('lose what is below a path, when subtracted recursively', () => {
    fc.assert(
      fc.property(sets, sets, (a, b) => {
        const gone = new Set(pathsOf(b).map((path) => path.map(({ text }) => text).join('\0')));
        const kept = pathsOf(a).filter((path) => {
          const text = path.map((step) => step.text);
          return !text.some((_, index) => gone.has(text.slice(0, index + 1).join('\0')));
        });
        expect(equalFieldSets(recursiveDifference(a, b), pathSet(...kept))).toBe(true);
      }),
    );
  });

  it('are read as they were written', () => {
    fc.assert(
      fc.property(sets, (set) => {
        const read = readFieldsV1(JSON.parse(JSON.stringify(fieldsV1Of(set))));
        expect(read.canonical).toBe(true);
        expect(equalFieldSets(read.set, set)).toBe(true);
      }),
    );
  });
});

describe('fieldsV1', () => {
  it('stands in the order of fieldpath/element.go', () => {
    const set = pathSet(
      [indexElement(1)],
      [valueElement(10)],
      [valueElement(9)],
      [valueElement('a')],
      [keyElement([['name', 'b']])],
      [keyElement([['name', 'a']])],
      [fieldElement('b'), fieldElement('c')],
      [fieldElement('b')],
      [fieldElement('\uffff')],
      [fieldElement('\u{1f600}')],
    );
    expect(JSON.stringify(fieldsV1Of(set))).toBe(
      String.raw`{"f:b":{".":{},"f:c":{}},"f:￿":{},"f:😀":{},"k:{\"name\":\"a\"}":{},"k:{\"name\":\"b\"}":{},"v:9":{},"v:10":{},"v:\"a\"":{},"i:1":{}}`,
    );
  });

  it.each([
    ['keys out of order', { 'k:{"port":80, "name":"a"}': {} }, { 'k:{"name":"a","port":80}': {} }],
    ['fields out of order', { 'f:b': {}, 'f:a': {} }, { 'f:a': {}, 'f:b': {} }],
    ['a node that is null', { 'f:a': null }, { 'f:a': {} }],
    ['a self alone', { 'f:a': { '.': {} } }, { 'f:a': {} }],
    ['a step of a later Kubernetes', { 'f:a': { 'z:new': {} } }, { 'f:a': {} }],
    ['HTML', { 'v:"<"': {} }, { [String.raw`v:"\u003c"`]: {} }],
    ['the same twice', { 'v:1': { 'f:a': {} }, 'v:1.0': { 'f:b': {} } }, { 'v:1': { 'f:b': {} } }],
  ])('is put right: %s', (_reason, given, written) => {
    const { set, canonical } = readFieldsV1(given);
    expect(fieldsV1Of(set)).toEqual(written);
    expect(canonical).toBe(false);
  });

  it.each([
    ['a text', 'f:a', 'not an object'],
    ['a list', [], 'not an object'],
    ['no colon', { name: {} }, 'missing colon'],
    ['no JSON', { 'v:{': {} }, 'JSON'],
    ['no key', { 'k:[]': {} }, 'not a key'],
    ['no index', { 'i:x': {} }, 'not an index'],
    ['a node that is a number', { 'f:a': 1 }, 'not an object'],
  ])('is refused: %s', (_reason, given, text) => {
    expect(() => readFieldsV1(given)).toThrow(text);
  });
});
