import type { SchemaProps } from './schema-props.ts';

/** A field that a path such as `.spec.phase` or `.spec['a.b']` names. */
export interface FoundField {
  schema: SchemaProps;
  /** One step per field. */
  steps: string[];
}

const TOKEN = /'(?:[^'\\]|\\.|\\')*'|[.[\]]|[^.[\]]+/gs;

/** Finds the field, or says what is wrong with the path (schema/cel/validation.go ValidFieldPath). */
export function findField(
  path: string,
  schema: SchemaProps,
  { brackets = true }: { brackets?: boolean } = {},
): FoundField | string {
  const tokens = path.match(TOKEN) ?? [];
  const steps: string[] = [];
  let current = schema;
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index];
    let name: string | undefined;
    if (token === '.') name = tokens[(index += 1)];
    else if (token === '[' && !brackets) return 'array notation is not allowed';
    else if (token === '[') {
      name = tokens[(index += 1)];
      if (name !== undefined && !/^'.*'$/s.test(name)) return `expected single quoted string but got ${name}`;
      name = name?.slice(1, -1).replaceAll(/\\(.)/gs, '$1');
      const end = tokens[(index += 1)];
      if (name !== undefined && end !== undefined && end !== ']') return `expected ] but got ${end}`;
      if (end === undefined) name = undefined;
    } else return `expected [ or . but got: ${token}`;
    if (name === undefined) return 'unexpected end of JSON path';
    const child = childOf(current, name);
    if (child === undefined) return 'does not refer to a valid field';
    steps.push(name);
    current = child;
  }
  return { schema: current, steps };
}

function childOf({ properties, additionalProperties }: SchemaProps, name: string): SchemaProps | undefined {
  if (properties !== undefined) return Object.hasOwn(properties, name) ? properties[name] : undefined;
  // Anything goes there, of which no more is known.
  return typeof additionalProperties === 'boolean' ? {} : additionalProperties;
}
