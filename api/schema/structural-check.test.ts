import { describe, expect, it } from 'vitest';
import { structuralProblems } from './structural-check.ts';
import type { StructuralSchema } from './structural-schema.ts';

const inSpec = (spec: StructuralSchema): StructuralSchema => ({ type: 'object', properties: { spec } });

describe('structuralProblems', () => {
  const cases: { reason: string; schema: StructuralSchema; want: string[] }[] = [
    { reason: 'a plain object is structural', schema: inSpec({ type: 'string' }), want: [] },
    { reason: 'every node has a type', schema: inSpec({}), want: ['root.spec: type is required'] },
    {
      reason: 'a free node needs none',
      schema: inSpec({ 'x-kubernetes-preserve-unknown-fields': true }),
      want: [],
    },
    {
      reason: 'arrays say what is in them',
      schema: inSpec({ type: 'array' }),
      want: ['root.spec: items is required for an array'],
    },
    {
      reason: 'keys of a map list are always there',
      schema: inSpec({
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
        items: { type: 'object', properties: { name: { type: 'string' } } },
      }),
      want: ['root.spec: name must be a scalar, and required or with a default'],
    },
    {
      reason: 'a default is valid',
      schema: inSpec({ type: 'string', enum: ['a'], default: 'b' }),
      want: ['root.spec: default: Unsupported value: "b": supported values: "a"'],
    },
    {
      reason: 'a default has no unknown fields',
      schema: inSpec({ type: 'object', properties: {}, default: { x: 1 } }),
      want: ['root.spec: default has unknown fields'],
    },
    {
      reason: 'alternatives only judge',
      schema: inSpec({ type: 'object', anyOf: [{ type: 'object', required: ['a'] }] }),
      want: ['root.spec: type may not stand inside allOf, anyOf, oneOf or not'],
    },
    {
      reason: 'alternatives know no fields of their own',
      schema: inSpec({ type: 'object', not: { properties: { a: { maxLength: 1 } } } }),
      want: ['root.spec.a: must also stand outside allOf, anyOf, oneOf and not'],
    },
  ];
  it.each(cases)('$reason', ({ schema, want }) => {
    expect(structuralProblems(schema)).toEqual(want);
  });

  it('the root is an object', () => {
    expect(structuralProblems({ type: 'string' })).toEqual(['root: type must be object']);
  });
});
