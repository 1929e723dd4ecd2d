type Schema = Record<string, unknown>;

/** Words that hold other schemas: in an object of them, in a list, and one. */
const MAPS = ['properties', '$defs', 'definitions'];
const LISTS = ['anyOf', 'allOf', 'oneOf', 'prefixItems'];
const SINGLE = ['items', 'additionalProperties', 'not'];

/**
 * Whether the service holds a model to this schema: it takes only those in which every object has all of its properties
 * required and no others: https://platform.openai.com/docs/guides/structured-outputs. It refuses other ones.
 */
export function isStrict(schema: Schema): boolean {
  return isStrictAt(schema) && schema['type'] === 'object';
}

function isStrictAt(schema: Schema): boolean {
  const { properties, required, additionalProperties } = schema;
  const names = isSchema(properties) ? Object.keys(properties) : [];
  const isObject = schema['type'] === 'object' || isSchema(properties);
  const needed = new Set(Array.isArray(required) ? required : []);
  if (isObject && (additionalProperties !== false || !names.every((name) => needed.has(name)))) return false;
  return inner(schema).every(isStrictAt);
}

function inner(schema: Schema): Schema[] {
  const values = [
    ...MAPS.flatMap((word) => (isSchema(schema[word]) ? Object.values(schema[word]) : [])),
    ...LISTS.flatMap((word) => (Array.isArray(schema[word]) ? (schema[word] as unknown[]) : [])),
    ...SINGLE.map((word) => schema[word]),
  ];
  return values.filter(isSchema);
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
