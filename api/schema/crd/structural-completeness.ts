import type { StatusCause } from '../../machinery/status-error.ts';
import { requiredValue } from '../../structural-schema/field-error.ts';
import type { SchemaProps } from './schema-props.ts';

/**
 * Every field and item that allOf, anyOf, oneOf and not speak of must be specified outside of them, too
 * (apiextensions-apiserver pkg/apiserver/schema/complete.go).
 */
export function completenessProblems(schema: SchemaProps, at: string): StatusCause[] {
  return logicProblems(schema, schema, { outside: at, inside: at });
}

interface Places {
  outside: string;
  inside: string;
}

function logicProblems(part: SchemaProps, schema: SchemaProps, { outside, inside }: Places): StatusCause[] {
  const { allOf = [], anyOf = [], oneOf = [], not } = part;
  const lists = Object.entries({ allOf, anyOf, oneOf }).flatMap(([name, parts]) =>
    parts.flatMap((one, index) => nested(one, schema, { outside, inside: `${inside}.${name}[${index}]` })),
  );
  return [...(not === undefined ? [] : nested(not, schema, { outside, inside: `${inside}.not` })), ...lists];
}

function nested(part: SchemaProps, schema: SchemaProps | undefined, at: Places): StatusCause[] {
  if (schema === undefined) return [requiredValue(at.outside, `because it is defined in ${at.inside}`)];
  const causes = logicProblems(part, schema, at);
  const { items, properties = {} } = part;
  if (items !== undefined && !Array.isArray(items)) {
    const counterpart = Array.isArray(schema.items) ? undefined : schema.items;
    for (const cause of nested(items, counterpart, step(at, '.items'))) causes.push(cause);
  }
  for (const [name, child] of Object.entries(properties)) {
    const known = schema.properties ?? {};
    const counterpart = Object.hasOwn(known, name) ? known[name] : undefined;
    for (const cause of nested(child, counterpart, step(at, `.properties[${name}]`))) causes.push(cause);
  }
  return causes;
}

const step = ({ outside, inside }: Places, name: string): Places => ({
  outside: `${outside}${name}`,
  inside: `${inside}${name}`,
});
