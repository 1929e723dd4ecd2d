import { describe, expect, it } from 'vitest';
import { RunFailure } from '../run-failure.ts';
import { outputCheck } from './output.ts';

const EVIL = '^(a+)+$';
const LONG = `${'a'.repeat(50_000)}!`;
const object = (name: string, its: unknown) => ({ type: 'object', properties: { [name]: its } });

describe('a pattern of a schema', () => {
  it.each([
    { where: 'a value', schema: object('a', { type: 'string', pattern: EVIL }), value: { a: LONG } },
    {
      where: 'names',
      schema: { patternProperties: { [EVIL]: {} }, additionalProperties: false },
      value: { [LONG]: 1 },
    },
    { where: 'names that are judged', schema: { propertyNames: { pattern: EVIL } }, value: { [LONG]: 1 } },
  ])('that would hang JavaScript takes time linear in the text: $where', ({ schema, value }) => {
    expect(outputCheck(schema)(value)).toMatchObject({ ok: false });
  });

  it.each([
    ['^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', 'a-b', 'a_b'],
    ['\\u0041+', 'xAAx', 'xBx'],
    ['^(?<year>\\d{4})\\/\\d{2}$', '2026/11', '2026-11'],
    ['^\\p{Lu}', 'Ä', 'ä'],
  ])('may be written as in JavaScript: %s', (pattern, good, bad) => {
    const check = outputCheck({ type: 'string', pattern });
    expect(check(good)).toEqual({ ok: true, output: good });
    expect(check(bad)).toMatchObject({ ok: false, problem: expect.stringContaining('must match pattern') });
  });

  it('has more than one of a kind', () => {
    const check = outputCheck({ allOf: [{ pattern: '^a' }, { pattern: 'b$' }] });
    expect([check('ab').ok, check('a').ok, check('b').ok]).toEqual([true, false, false]);
  });

  it.each(['(?=a)', '(a)\\1', '('])('that RE2 does not know is refused at the start: %s', (pattern) => {
    expect(() => outputCheck({ type: 'string', pattern })).toThrow(
      expect.objectContaining({
        reason: 'StartFailed',
        message: expect.stringContaining(
          `the schema of the answer: the pattern ${JSON.stringify(pattern)} is not one of RE2`,
        ),
      }),
    );
  });
});

describe('a schema that takes too long', () => {
  it('is left when it is read', () => {
    const allOf = Array.from({ length: 20_000 }, (_, index) => ({ pattern: `[a-z]{900}${index}` }));
    expect(() => outputCheck({ allOf })).toThrow(
      new RunFailure('StartFailed', 'the schema of the answer: takes longer than 1000 ms'),
    );
  });

  it('is left when an answer is held to it', () => {
    const twice = (name: string) => ({ allOf: [{ $ref: `#/$defs/${name}` }, { $ref: `#/$defs/${name}` }] });
    const levels = Array.from({ length: 40 }, (_, level) => [`d${level}`, twice(`d${level + 1}`)]);
    const $defs = { ...Object.fromEntries(levels), d40: { type: 'object', required: ['a'] } };
    const check = outputCheck({ $ref: '#/$defs/d0', $defs });
    expect(() => check({ a: 1 })).toThrow(
      new RunFailure('OutputInvalid', 'to hold the answer to its schema takes longer than 1000 ms'),
    );
  });
});
