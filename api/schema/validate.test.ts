import { describe, expect, it } from 'vitest';
import { compileSchema } from './compile-schema.ts';
import type { StructuralSchema } from '../structural-schema/structural-schema.ts';

interface Case {
  reason: string;
  schema: StructuralSchema;
  value: unknown;
  /** `field: message` of each finding about the field spec.x. */
  want: string[];
}

function findings(schema: StructuralSchema, value: unknown): string[] {
  const spec: StructuralSchema = { type: 'object', properties: { x: schema } };
  const object = { apiVersion: 'v1', kind: 'X', metadata: { name: 'x' }, spec: { x: value } };
  const causes = compileSchema({ type: 'object', properties: { spec } }).validate(object);
  return causes.map((cause) => `${cause.field}: ${cause.message}`);
}

const TYPES: Case[] = [
  { reason: 'a string', schema: { type: 'string' }, value: 'a', want: [] },
  {
    reason: 'a boolean is no string',
    schema: { type: 'string' },
    value: true,
    want: ['spec.x: Invalid value: "boolean": spec.x in body must be of type string: "boolean"'],
  },
  {
    reason: 'an object is no string, and is not printed',
    schema: { type: 'string' },
    value: { password: 'secret' },
    want: ['spec.x: Invalid value: "object": spec.x in body must be of type string: "object"'],
  },
  { reason: 'an integer is a number', schema: { type: 'number' }, value: 1, want: [] },
  { reason: '1.0 is an integer', schema: { type: 'integer' }, value: 1.0, want: [] },
  {
    reason: '1.5 is no integer',
    schema: { type: 'integer' },
    value: 1.5,
    want: [
      'spec.x: Invalid value: "number": spec.x in body must be of type integer: "number"',
      '<nil>: Invalid value: "": Checked value must be of type integer (default format) in spec.x',
    ],
  },
  {
    reason: 'null is no value',
    schema: { type: 'array', items: { type: 'string' } },
    value: [null],
    want: ['spec.x[0]: Invalid value: "null": spec.x[0] in body must be of type string: "null"'],
  },
  { reason: 'unless it is allowed', schema: { type: 'string', nullable: true }, value: null, want: [] },
  {
    reason: 'int-or-string takes both',
    schema: { 'x-kubernetes-int-or-string': true },
    value: '50%',
    want: [],
  },
  {
    reason: 'int-or-string takes no boolean',
    schema: { 'x-kubernetes-int-or-string': true },
    value: true,
    want: ['spec.x: Invalid value: "boolean": spec.x in body must be of type integer,string: "boolean"'],
  },
  {
    reason: 'anything goes without a type',
    schema: { 'x-kubernetes-preserve-unknown-fields': true },
    value: [1, {}],
    want: [],
  },
];

const VALUES: Case[] = [
  {
    reason: 'enum',
    schema: { type: 'string', enum: ['fast', 'slow'] },
    value: 'med',
    want: ['spec.x: Unsupported value: "med": supported values: "fast", "slow"'],
  },
  {
    reason: 'minLength',
    schema: { type: 'string', minLength: 1 },
    value: '',
    want: ['spec.x: Invalid value: "": spec.x in body should be at least 1 chars long'],
  },
  {
    reason: 'maxLength counts characters, not code units',
    schema: { type: 'string', maxLength: 2 },
    value: '😀😀',
    want: [],
  },
  {
    reason: 'maxLength does not print what is too long',
    schema: { type: 'string', maxLength: 2 },
    value: 'abc',
    want: ['spec.x: Too long: may not be more than 2 bytes'],
  },
  {
    reason: 'pattern',
    schema: { type: 'string', pattern: '^[a-z]+$' },
    value: 'A1',
    want: [`spec.x: Invalid value: "A1": spec.x in body should match '^[a-z]+$'`],
  },
  {
    reason: 'minimum',
    schema: { type: 'integer', minimum: 0 },
    value: -1,
    want: ['spec.x: Invalid value: -1: spec.x in body should be greater than or equal to 0'],
  },
  {
    reason: 'maximum',
    schema: { type: 'integer', maximum: 86400 },
    value: 86401,
    want: ['spec.x: Invalid value: 86401: spec.x in body should be less than or equal to 86400'],
  },
  {
    reason: 'exclusive bounds',
    schema: { type: 'number', minimum: 0, exclusiveMinimum: true, maximum: 0, exclusiveMaximum: true },
    value: 0,
    want: [
      'spec.x: Invalid value: 0: spec.x in body should be greater than 0',
      'spec.x: Invalid value: 0: spec.x in body should be less than 0',
    ],
  },
  {
    reason: 'multipleOf',
    schema: { type: 'integer', multipleOf: 5 },
    value: 7,
    want: ['spec.x: Invalid value: 7: spec.x in body should be a multiple of 5'],
  },
  {
    reason: 'int32',
    schema: { type: 'integer', format: 'int32' },
    value: 2 ** 31,
    want: ['<nil>: Invalid value: "": Checked value must be of type integer with format int32 in spec.x'],
  },
  {
    reason: 'int64 beyond what a double holds',
    schema: { type: 'integer', format: 'int64' },
    value: 2n ** 63n - 1n,
    want: [],
  },
  {
    reason: 'date-time',
    schema: { type: 'string', format: 'date-time' },
    value: 'yesterday',
    want: ['spec.x: Invalid value: "yesterday": spec.x in body must be of type date-time: "yesterday"'],
  },
  {
    reason: 'byte',
    schema: { type: 'string', format: 'byte' },
    value: 'not base64',
    want: ['spec.x: Invalid value: "not base64": spec.x in body must be of type byte: "not base64"'],
  },
  {
    reason: 'a format nobody knows is not checked',
    schema: { type: 'string', format: 'zork' },
    value: 'a',
    want: [],
  },
];

const COLLECTIONS: Case[] = [
  {
    reason: 'minItems',
    schema: { type: 'array', minItems: 1, items: { type: 'string' } },
    value: [],
    want: ['spec.x: Invalid value: 0: spec.x in body should have at least 1 items'],
  },
  {
    reason: 'maxItems',
    schema: { type: 'array', maxItems: 1, items: { type: 'string' } },
    value: ['a', 'b'],
    want: ['spec.x: Too many: 2: must have at most 1 item'],
  },
  {
    reason: 'minProperties',
    schema: { type: 'object', minProperties: 1 },
    value: {},
    want: ['spec.x: Invalid value: 0: spec.x in body should have at least 1 properties'],
  },
  {
    reason: 'maxProperties',
    schema: { type: 'object', maxProperties: 0 },
    value: { a: 1 },
    want: ['spec.x: Too many: 1: must have at most 0 items'],
  },
  {
    reason: 'required',
    schema: { type: 'object', required: ['a'], properties: { a: { type: 'string' } } },
    value: {},
    want: ['spec.x.a: Required value'],
  },
  {
    reason: 'an inherited name does not count as present',
    schema: { type: 'object', required: ['toString'] },
    value: {},
    want: ['spec.x.toString: Required value'],
  },
  {
    reason: 'values of a map',
    schema: { type: 'object', additionalProperties: { type: 'string' } },
    value: { a: 'x', b: 1 },
    want: ['spec.x.b: Invalid value: "integer": spec.x.b in body must be of type string: "integer"'],
  },
  {
    reason: 'a set',
    schema: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
    value: ['a', 'b', 'a', 'a'],
    want: ['spec.x[2]: Duplicate value: "a"'],
  },
  {
    reason: 'a map list',
    schema: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: {
        type: 'object',
        required: ['name'],
        properties: { name: { type: 'string' }, v: { type: 'string' } },
      },
    },
    value: [
      { name: 'A', v: '1' },
      { name: 'A', v: '2' },
    ],
    want: ['spec.x[1]: Duplicate value: {"name":"A"}'],
  },
];

const AB: StructuralSchema = { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } } };
const LOGIC: Case[] = [
  {
    reason: 'anyOf: one is enough',
    schema: { ...AB, anyOf: [{ required: ['a'] }, { required: ['b'] }] },
    value: { b: 'x' },
    want: [],
  },
  {
    reason: 'anyOf: none',
    schema: { ...AB, anyOf: [{ required: ['a'] }, { required: ['b'] }] },
    value: {},
    want: [
      '<nil>: Invalid value: "": "spec.x" must validate at least one schema (anyOf)',
      'spec.x.a: Required value',
    ],
  },
  {
    reason: 'oneOf: two',
    schema: { ...AB, oneOf: [{ required: ['a'] }, { required: ['b'] }] },
    value: { a: '', b: '' },
    want: [
      '<nil>: Invalid value: "": "spec.x" must validate one and only one schema (oneOf). Found 2 valid alternatives',
    ],
  },
  {
    reason: 'oneOf: none',
    schema: { ...AB, oneOf: [{ required: ['a'] }, { required: ['b'] }] },
    value: {},
    want: [
      '<nil>: Invalid value: "": "spec.x" must validate one and only one schema (oneOf). Found none valid',
      'spec.x.a: Required value',
    ],
  },
  {
    reason: 'allOf',
    schema: { ...AB, allOf: [{ required: ['a'] }, { required: ['b'] }] },
    value: { a: '' },
    want: [
      'spec.x.b: Required value',
      '<nil>: Invalid value: "": "spec.x" must validate all the schemas (allOf)',
    ],
  },
  {
    reason: 'not',
    schema: { ...AB, not: { required: ['a'] } },
    value: { a: '' },
    want: ['<nil>: Invalid value: "": "spec.x" must not validate the schema (not)'],
  },
];

describe.each([
  { about: 'types', cases: TYPES },
  { about: 'values', cases: VALUES },
  { about: 'collections', cases: COLLECTIONS },
  { about: 'logic', cases: LOGIC },
])('validate: $about', ({ cases }) => {
  it.each(cases)('$reason', ({ schema, value, want }) => {
    expect(findings(schema, value)).toEqual(want);
  });
});

describe('validate', () => {
  it('does not answer with megabytes', () => {
    const schema: StructuralSchema = { type: 'array', items: { type: 'string' } };
    expect(
      findings(
        schema,
        Array.from({ length: 5000 }, () => 1),
      ),
    ).toHaveLength(100);
  });
});
