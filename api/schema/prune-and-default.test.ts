import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Unstructured } from '../machinery/meta.ts';
import { compileSchema } from './compile-schema.ts';
import type { StructuralSchema } from '../structural-schema/structural-schema.ts';

const SCHEMA: StructuralSchema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      default: {},
      properties: {
        a: { type: 'string', default: 'x' },
        b: { type: 'integer', nullable: true },
        list: {
          type: 'array',
          items: { type: 'object', properties: { a: { type: 'string', default: 'y' } } },
        },
        map: {
          type: 'object',
          additionalProperties: { type: 'object', properties: { b: { type: 'string' } } },
        },
        free: {
          type: 'object',
          'x-kubernetes-preserve-unknown-fields': true,
          properties: { a: { type: 'object' } },
        },
        one: { 'x-kubernetes-int-or-string': true, default: 1 },
      },
    },
  },
};
const compiled = compileSchema(SCHEMA);

const value = fc.letrec((tie) => ({
  node: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<unknown>(null, 1, 'x', true),
    fc.array(tie('node'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'list', 'map', 'free', 'one', 'odd'), tie('node')),
  ),
})).node;
const objects = value.map((spec): Unstructured => ({
  apiVersion: 'v1',
  kind: 'X',
  metadata: { name: 'x' },
  spec,
}));

/** Each path to a value, with the value itself where it is none of objects or lists. */
function leaves(one: unknown, at = ''): string[] {
  if (typeof one !== 'object' || one === null) return [`${at}=${JSON.stringify(one)}`];
  return [at, ...Object.entries(one).flatMap(([name, child]) => leaves(child, `${at}/${name}`))];
}

describe('pruning', () => {
  it('only removes, does so once, and leaves its argument alone', () => {
    fc.assert(
      fc.property(objects, (object) => {
        const before = structuredClone(object);
        const { object: pruned } = compiled.prune(object);
        expect(object).toEqual(before);
        expect(new Set(leaves(object))).toEqual(new Set([...leaves(object), ...leaves(pruned)]));
        const again = compiled.prune(pruned);
        expect(again.object).toBe(pruned);
        expect(again.unknownFields).toEqual([]);
      }),
    );
  });
});

describe('defaulting', () => {
  it('is done at once, and leaves its argument alone', () => {
    fc.assert(
      fc.property(objects, (object) => {
        const before = structuredClone(object);
        const filled = compiled.applyDefaults(object);
        expect(object).toEqual(before);
        expect(compiled.applyDefaults(filled)).toEqual(filled);
      }),
    );
  });
});
