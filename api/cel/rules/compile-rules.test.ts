import { describe, expect, test } from 'vitest';
import type { Unstructured } from '../../machinery/meta.ts';
import type { StructuralSchema } from '../../structural-schema/structural-schema.ts';
import { checkRules, compileRules } from './compile-rules.ts';

const properties: Record<string, StructuralSchema> = {
  int: { type: 'integer' },
  text: { type: 'string' },
  ints: { type: 'array', items: { type: 'integer' } },
  texts: { type: 'array', items: { type: 'string' } },
  more: { type: 'array', items: { type: 'string' } },
  map: { type: 'object', additionalProperties: { type: 'integer' } },
  'a-b': { type: 'string' },
};

const schemaOf = (...rules: string[]): StructuralSchema => ({
  type: 'object',
  properties: {
    spec: { type: 'object', properties, 'x-kubernetes-validations': rules.map((rule) => ({ rule })) },
  },
});

const objectOf = (spec: Record<string, unknown>): Unstructured => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name: 'a' },
  spec,
});

const messages = (rule: string, spec: Record<string, unknown>): string[] =>
  (compileRules(schemaOf(rule))?.validate({ object: objectOf(spec) }) ?? []).map(({ message }) => message);

const LIMIT = 'operation cancelled: actual cost limit exceeded';

describe('compileRules', () => {
  test('is undefined for a schema without rules, so that nothing is paid', () => {
    expect(compileRules({ type: 'object', properties })).toBeUndefined();
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['self.int > 1', { int: 2 }, 'numbers of JSON are ints'],
    ['self.int == 9223372036854775807', { int: 9223372036854775807n }, 'an int64 keeps its digits'],
    ['self.a__dash__b == "x"', { 'a-b': 'x' }, 'names are escaped'],
    [
      '!("constructor" in self.map) && !("__proto__" in self.map)',
      { map: { a: 1 } },
      'prototypes hold no keys',
    ],
    [
      'self.map["__proto__"] == 1',
      { map: JSON.parse('{"__proto__": 1}') as object },
      'a key may be __proto__',
    ],
    ['self.ints.exists(x, 1 / x == 1)', { ints: [0, 1] }, 'a later item makes an error good'],
    ['self.texts.map(x, x + "!").join() == "a!b!"', { texts: ['a', 'b'] }, 'folds gather'],
  ])('%s holds: %s', (rule, spec) => {
    expect(messages(rule, spec)).toStrictEqual([]);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['self.int > 1', { int: 1 }, 'Invalid value: failed rule: self.int > 1'],
    ['self.int > 1', {}, 'Invalid value: "object": no such key: int evaluating rule: self.int > 1'],
    [
      'self.ints[3] == 1',
      { ints: [] },
      'Invalid value: "object": index out of bounds: 3 evaluating rule: self.ints[3] == 1',
    ],
    [
      '1 / self.int == 1',
      { int: 0 },
      'Invalid value: "object": division by zero evaluating rule: 1 / self.int == 1',
    ],
  ])('%s of %j fails', (rule, spec, message) => {
    expect(messages(rule, spec)).toStrictEqual([message]);
  });

  test.each([
    ['self.ints.all(a, self.ints.all(b, self.ints.all(c, a + b + c > 0)))', 'nested loops'],
    ['self.ints.exists(a, self.ints.exists(b, self.ints.exists(c, a / 0 == b)))', 'loops over errors'],
    [
      'self.texts.all(a, self.more.all(b, self.texts == self.more))',
      'comparisons, which upstream hardly counts',
    ],
    ["self.text.matches('(a{1,500}b?){2}c')", 'a pattern of many states'],
  ])('%s stops within its budget (%s)', (rule) => {
    const texts = Array.from({ length: 3000 }, () => 'a');
    const ints = Array.from({ length: 300 }, (_, index) => index + 1);
    const [message] = messages(rule, { ints, texts, more: [...texts], text: 'a'.repeat(1_000_000) });
    expect(message).toContain(LIMIT);
  });

  test('all rules of an object share one budget', () => {
    const rules = Array.from(
      { length: 20 },
      (_, index) => `self.ints.all(a, self.ints.all(b, a + b >= -${index}))`,
    );
    const ints = Array.from({ length: 330 }, (_, index) => index);
    const causes = compileRules(schemaOf(...rules))?.validate({ object: objectOf({ ints }) }) ?? [];
    expect(causes.map(({ message }) => message)).toStrictEqual([
      'Invalid value: "object": validation failed due to running out of cost budget, no further validation rules will be run',
    ]);
  });
});

describe('checkRules', () => {
  test('a good rule has no findings', () => {
    expect(checkRules(schemaOf('self.int > 1'), 'root')).toStrictEqual([]);
  });

  test('finds errors at the rule, and prices', () => {
    const schema = schemaOf('self.nothing', 'self.texts.all(a, self.texts.all(b, a == b))');
    const causes = checkRules(schema, 'root');
    expect(causes.map(({ field }) => field)).toStrictEqual([
      'root.properties[spec].x-kubernetes-validations[0].rule',
      'root.properties[spec].x-kubernetes-validations[1].rule',
      'root.properties[spec].x-kubernetes-validations[1].rule',
      'root',
    ]);
    expect(causes[0]?.message).toContain("ERROR: <input>:1:5: undefined field 'nothing'");
    expect(causes[1]?.message).toContain('estimated rule cost exceeds budget by factor of more than 100x');
  });
});
