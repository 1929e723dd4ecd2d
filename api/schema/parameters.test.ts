import { describe, expect, it } from 'vitest';
import { checkParameters, parametersSchemaProblems } from './parameters.ts';

const SCHEMA = {
  type: 'object',
  required: ['language'],
  properties: {
    language: { type: 'string', enum: ['de', 'fr'] },
    metadata: { type: 'string' },
    style: {
      type: 'object',
      default: {},
      properties: { formal: { type: 'boolean', default: true }, words: { type: 'integer', maximum: 100 } },
    },
  },
};

describe('a schema of parameters', () => {
  it.each([
    ['as a CustomResourceDefinition has it', SCHEMA, []],
    ['without any field', { type: 'object' }, []],
    ['of a text', { type: 'string' }, ['at.type']],
    ['without a type', { properties: {} }, ['at.type']],
    ['of a wrong type', { type: 'object', properties: 3 }, ['at.properties']],
    ['with a field that has no type', { type: 'object', properties: { a: {} } }, ['at.properties[a].type']],
    ['with a reference', { type: 'object', $ref: '#/x' }, ['at.$ref']],
    [
      'with a pattern that takes for ever',
      { type: 'object', properties: { a: { type: 'string', pattern: '((a{1,100}){1,100}){1,100}' } } },
      ['at'],
    ],
  ])('%s', (_reason, schema, fields) => {
    expect(parametersSchemaProblems(schema, 'at').map(({ field }) => field)).toEqual(fields);
  });
});

describe('parameters', () => {
  it('get their defaults', () => {
    expect(checkParameters(SCHEMA, { language: 'de', metadata: 'x' }, 'at')).toEqual({
      values: { language: 'de', metadata: 'x', style: { formal: true } },
      causes: [],
    });
  });

  it.each([
    ['missing', {}, 'at.language'],
    ['not one of those allowed', { language: 'en' }, 'at.language'],
    ['too large', { language: 'de', style: { words: 101 } }, 'at.style.words'],
    ['unknown', { language: 'de', colour: 'red' }, 'at.colour'],
  ])('%s: the field is named', (_reason, values, field) => {
    expect(checkParameters(SCHEMA, values, 'at').causes).toEqual([expect.objectContaining({ field })]);
  });
});
