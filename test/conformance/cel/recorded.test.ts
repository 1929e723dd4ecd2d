import { compileRules } from '#api/cel/rules/compile-rules';
import { expect, test } from 'vitest';
import recorded from './recorded.json' with { type: 'json' };
import { OBJECT, PROPERTIES } from './thing.ts';

/** What apiextensions-apiserver v0.37.2 answered (test/go/cel-judge), for machines that have no Go. */
test.each(Object.entries(recorded))('%s', (rule, expected) => {
  const spec = { type: 'object' as const, properties: PROPERTIES, 'x-kubernetes-validations': [{ rule }] };
  const rules = compileRules({ type: 'object', properties: { spec } });
  const causes = rules?.validate({ object: OBJECT }) ?? [];
  expect(causes.map(({ message }) => message)).toStrictEqual(expected);
});
