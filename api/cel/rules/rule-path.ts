import type { StructuralSchema } from '../../structural-schema/structural-schema.ts';

/**
 * The fieldPath of a rule: fields by `.name` and keys of maps by `['name']`, checked against the schema
 * (apiextensions-apiserver schema/cel/validation.go, ValidFieldPath). Gives the path as messages show it, or undefined.
 */
export function rulePath(path: string, schema: StructuralSchema): string | undefined {
  let at: StructuralSchema | undefined = schema;
  let normalized = '';
  let rest = path;
  while (rest !== '') {
    const step = STEP.exec(rest);
    if (step === null || at === undefined) return undefined;
    const name = step[1] ?? unquote(step[2] ?? '');
    if (name === undefined) return undefined;
    const { properties, additionalProperties }: StructuralSchema = at;
    if (properties === undefined && additionalProperties === undefined) return undefined;
    normalized += properties === undefined ? `[${name}]` : `.${name}`;
    at = childOf(at, name);
    if (at === undefined) return undefined;
    rest = rest.slice(step[0].length);
  }
  return normalized.replace(/^[.]/, '');
}

const STEP = /^(?:[.]([^.[\]']+)|\['((?:[^'\\]|\\.)*)'\])/s;
const ESCAPES: Record<string, string> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  "'": "'",
  '\\': '\\',
};

function unquote(text: string): string | undefined {
  let valid = true;
  const plain = text.replaceAll(/\\(.)/gs, (_, char: string) => {
    if (!Object.hasOwn(ESCAPES, char)) valid = false;
    return ESCAPES[char] ?? '';
  });
  return valid ? plain : undefined;
}

function childOf(
  { properties, additionalProperties }: StructuralSchema,
  name: string,
): StructuralSchema | undefined {
  if (properties !== undefined) return Object.hasOwn(properties, name) ? properties[name] : undefined;
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}
