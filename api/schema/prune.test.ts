import { describe, expect, it } from 'vitest';
import { compilePruner } from './prune.ts';
import type { StructuralSchema } from '../structural-schema/structural-schema.ts';

const SCHEMA: StructuralSchema = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    list: { type: 'array', items: { type: 'object', properties: { a: { type: 'string' } } } },
    map: { type: 'object', additionalProperties: { type: 'object', properties: { a: { type: 'string' } } } },
    free: {
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
      properties: { known: { type: 'object', properties: {} } },
    },
    embedded: { type: 'object', 'x-kubernetes-embedded-resource': true, properties: {} },
  },
};

describe('prune', () => {
  const cases: { reason: string; object: unknown; want: unknown; unknown: string[] }[] = [
    { reason: 'known fields stay', object: { name: 'a' }, want: { name: 'a' }, unknown: [] },
    { reason: 'unknown fields go', object: { name: 'a', nam: 'b' }, want: { name: 'a' }, unknown: ['nam'] },
    {
      reason: 'items of a list are pruned, with their index',
      object: { list: [{ a: 'x' }, { a: 'x', b: 1 }] },
      want: { list: [{ a: 'x' }, { a: 'x' }] },
      unknown: ['list[1].b'],
    },
    {
      reason: 'values of a map are pruned',
      object: { map: { k: { b: 1 } } },
      want: { map: { k: {} } },
      unknown: ['map.k.b'],
    },
    {
      reason: 'a free object keeps all',
      object: { free: { x: { y: [1] } } },
      want: { free: { x: { y: [1] } } },
      unknown: [],
    },
    {
      reason: 'but known fields within it are pruned',
      object: { free: { known: { x: 1 } } },
      want: { free: { known: {} } },
      unknown: ['free.known.x'],
    },
    {
      reason: 'an embedded object keeps its type, and of its metadata what ObjectMeta has',
      object: { embedded: { kind: 'A', apiVersion: 'v1', metadata: { name: 'a', x: 1 }, y: 1 } },
      want: { embedded: { kind: 'A', apiVersion: 'v1', metadata: { name: 'a' } } },
      unknown: ['embedded.metadata.x', 'embedded.y'],
    },
    {
      reason: 'a wrong type is left to validation, without its fields',
      object: { name: { a: 1 } },
      want: { name: {} },
      unknown: ['name.a'],
    },
    {
      reason: 'names of Object.prototype are fields like others',
      object: { constructor: 1, free: { toString: 1 } },
      want: { free: { toString: 1 } },
      unknown: ['constructor'],
    },
    {
      reason: '__proto__ goes everywhere',
      object: JSON.parse('{"__proto__":{"a":1},"free":{"x":{"__proto__":{"b":1},"c":1}}}') as unknown,
      want: { free: { x: { c: 1 } } },
      unknown: ['__proto__', 'free.x.__proto__'],
    },
  ];
  it.each(cases)('$reason', ({ object, want, unknown }) => {
    const found: string[] = [];
    const pruned = compilePruner(SCHEMA)(object, found);
    expect(pruned).toEqual(want);
    expect(found).toEqual(unknown);
  });

  it('leaves its argument alone, and returns it when there is nothing to do', () => {
    const object = Object.freeze({ name: 'a', free: Object.freeze({ x: 1 }) });
    expect(compilePruner(SCHEMA)(object, [])).toBe(object);
    const dirty = Object.freeze({ name: 'a', x: 1 });
    expect(compilePruner(SCHEMA)(dirty, [])).toEqual({ name: 'a' });
  });

  it('refuses nesting that could exhaust the stack', () => {
    const deep = JSON.parse(`{"free":{"a":${'['.repeat(5000)}${']'.repeat(5000)}}}`) as unknown;
    expect(() => compilePruner(SCHEMA)(deep, [])).toThrow('nested more than 500 levels');
  });
});
