import { describe, expect, it } from 'vitest';
import { compileDefaults } from './defaults.ts';
import type { JsonObject } from '../machinery/json/json.ts';
import type { StructuralSchema } from '../structural-schema/structural-schema.ts';

const SCHEMA: StructuralSchema = {
  type: 'object',
  properties: {
    replicas: { type: 'integer', default: 1 },
    mode: { type: 'string' },
    nul: { type: 'string', nullable: true },
    nulDefault: { type: 'string', nullable: true, default: 'x' },
    any: { 'x-kubernetes-preserve-unknown-fields': true },
    nested: { type: 'object', default: {}, properties: { max: { type: 'integer', default: 3 } } },
    lazy: { type: 'object', properties: { max: { type: 'integer', default: 3 } } },
    list: {
      type: 'array',
      items: { type: 'object', properties: { on: { type: 'boolean', default: true } } },
    },
    map: {
      type: 'object',
      additionalProperties: { type: 'object', properties: { on: { type: 'boolean', default: true } } },
    },
  },
};
const BASE = { replicas: 1, nulDefault: 'x', nested: { max: 3 } };

describe('defaults', () => {
  const cases: { reason: string; object: JsonObject; want: JsonObject }[] = [
    { reason: 'absent fields get their default, and those within a default', object: {}, want: BASE },
    { reason: 'present fields keep their value', object: { replicas: 0 }, want: { ...BASE, replicas: 0 } },
    { reason: 'null with a default gets it', object: { replicas: null }, want: BASE },
    { reason: 'null without a default goes', object: { mode: null }, want: BASE },
    {
      reason: 'null stays where it is allowed',
      object: { nul: null, nulDefault: null },
      want: { ...BASE, nul: null, nulDefault: null },
    },
    { reason: 'null goes where anything but null is allowed', object: { any: null }, want: BASE },
    {
      reason: 'an absent object without a default stays absent',
      object: { lazy: {} },
      want: { ...BASE, lazy: { max: 3 } },
    },
    {
      reason: 'items of lists',
      object: { list: [{}, { on: false }] },
      want: { ...BASE, list: [{ on: true }, { on: false }] },
    },
    {
      reason: 'values of maps, nulls among them',
      object: { map: { a: {}, b: null } },
      want: { ...BASE, map: { a: { on: true } } },
    },
    {
      reason: 'wrong types are left to validation',
      object: { list: 'x', lazy: 5 },
      want: { ...BASE, list: 'x', lazy: 5 },
    },
  ];
  it.each(cases)('$reason', ({ object, want }) => {
    expect(compileDefaults(SCHEMA)(Object.freeze(object))).toEqual(want);
  });

  it('gives every object a default of its own', () => {
    const applyDefaults = compileDefaults(SCHEMA);
    const first = applyDefaults({}) as { nested: { max: number } };
    first.nested.max = 9;
    expect(applyDefaults({})).toEqual(BASE);
  });

  it('does not take inherited names for fields', () => {
    const properties = Object.fromEntries([['toString', { type: 'string' as const, default: 'x' }]]);
    const schema: StructuralSchema = { type: 'object', properties };
    expect(compileDefaults(schema)({})).toEqual({ toString: 'x' });
  });
});
