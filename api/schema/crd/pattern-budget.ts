import type { StatusCause } from '../../machinery/status-error.ts';
import { forbidden } from '../../structural-schema/field-error.ts';
import { MAX_PATTERN_STATES as MAX_STATES, patternSize } from '../../structural-schema/pattern-size.ts';
import { someSchema } from './schema-props.ts';
import type { SchemaProps } from './schema-props.ts';

/** Nothing is compiled that would hold up the server: kube-apiserver has no such limit. */
export function patternSizeProblems(schema: SchemaProps, at: string): StatusCause[] {
  const known = new Set<string>();
  let states = 0;
  const isTooMuch = someSchema(schema, (one) => {
    const { pattern = '' } = one;
    if (!known.has(pattern)) states += patternSize(pattern);
    known.add(pattern);
    // Of a rule, what is repeated in it.
    for (const { rule } of one['x-kubernetes-validations'] ?? [])
      states += Math.max(0, patternSize(rule) - rule.length);
    return states > MAX_STATES;
  });
  if (!isTooMuch) return [];
  return [forbidden(at, `the patterns of the schema must not have more than ${MAX_STATES} states together`)];
}
