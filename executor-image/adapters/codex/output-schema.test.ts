import { expect, it } from 'vitest';
import { isStrict } from './output-schema.ts';

const text = { type: 'string' };
const object = (properties: object, more: object = {}) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
  ...more,
});

it.each([
  { reason: 'all properties required, and no others', schema: object({ a: text }), strict: true },
  {
    reason: 'other properties allowed',
    schema: object({ a: text }, { additionalProperties: true }),
    strict: false,
  },
  { reason: 'nothing said of others', schema: { type: 'object', properties: {} }, strict: false },
  { reason: 'one that is not required', schema: object({ a: text }, { required: [] }), strict: false },
  { reason: 'no object', schema: { type: 'array', items: text }, strict: false },
  { reason: 'nested', schema: object({ a: { type: 'array', items: object({ b: text }) } }), strict: true },
  {
    reason: 'nested and open',
    schema: object({ a: { type: 'array', items: { type: 'object' } } }),
    strict: false,
  },
  {
    reason: 'open in a definition',
    schema: object({ a: { $ref: '#/$defs/b' } }, { $defs: { b: { type: 'object' } } }),
    strict: false,
  },
  { reason: 'open in a choice', schema: object({ a: { anyOf: [text, { type: 'object' }] } }), strict: false },
])('$reason: $strict', ({ schema, strict }) => expect(isStrict(schema)).toBe(strict));
