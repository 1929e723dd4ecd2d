import { isJsonObject } from '../../machinery/json/json.ts';
import type { StructuralSchema } from '../../structural-schema/structural-schema.ts';
import { fail } from '../values/evaluation-error.ts';
import { parseDate, parseFormatDuration, parseTimestamp } from '../values/time-text.ts';
import { escapeName } from '../values/field-name.ts';
import { CelList, JsonMap } from '../values/value.ts';
import type { Convert, ListSemantics, Shape, Value } from '../values/value.ts';
import { withResourceFields } from '../checking/declared-type.ts';

/**
 * How JSON of a schema becomes values (apiserver pkg/cel/common/valuesunstructured.go): made once per schema, run
 * when a rule looks at the value. What does not fit the schema is an error of the rule that looks.
 */
export function converterOf(schema: StructuralSchema, isResource = false): Convert {
  const convert = converterOfType(schema, isResource);
  const whenNull =
    schema.nullable === true
      ? () => null
      : () => fail('invalid data, got null for schema with nullable=false');
  return (raw) => (raw === null || raw === undefined ? whenNull() : convert(raw));
}

function converterOfType(schema: StructuralSchema, isResource: boolean): Convert {
  if (schema['x-kubernetes-int-or-string'] === true) return intOrString;
  switch (schema.type) {
    case 'object':
      return objectConverter(schema, isResource);
    case 'array':
      return listConverter(schema);
    case 'string':
      return Object.hasOwn(STRING_FORMATS, schema.format ?? '')
        ? (STRING_FORMATS[schema.format ?? ''] ?? text)
        : text;
    case 'number':
      return (raw) =>
        isNumber(raw) ? Number(raw) : fail(`invalid data, expected float, got ${goType(raw)}`);
    case 'integer':
      return integer;
    case 'boolean':
      return (raw) =>
        typeof raw === 'boolean' ? raw : fail(`invalid data, expected bool, got ${goType(raw)}`);
    default:
      // x-kubernetes-preserve-unknown-fields without a type: rules have no way to name it.
      return () => fail('no such overload');
  }
}

const isNumber = (raw: unknown): raw is bigint | number => typeof raw === 'number' || typeof raw === 'bigint';

function integer(raw: unknown): Value {
  if (typeof raw === 'bigint') return raw;
  if (typeof raw === 'number' && Number.isInteger(raw)) return BigInt(raw);
  return fail(`invalid data, expected int, got ${goType(raw)}`);
}

function intOrString(raw: unknown): Value {
  if (typeof raw === 'string' || typeof raw === 'bigint') return raw;
  if (typeof raw === 'number' && Number.isInteger(raw)) return BigInt(raw);
  return fail('invalid data, expected XIntOrString value to be either a string or integer');
}

function text(raw: unknown): string {
  return typeof raw === 'string' ? raw : fail(`invalid data, expected string, got ${goType(raw)}`);
}

/** The name of a type as Go prints it. */
function goType(raw: unknown): string {
  if (typeof raw === 'boolean') return 'bool';
  if (isNumber(raw)) return Number.isInteger(raw) || typeof raw === 'bigint' ? 'int64' : 'float64';
  if (Array.isArray(raw)) return '[]interface {}';
  return isJsonObject(raw) ? 'map[string]interface {}' : typeof raw;
}

const STRING_FORMATS: Record<string, Convert> = {
  byte: (raw) => Buffer.from(text(raw), 'base64'),
  date: (raw) => parseDate(text(raw)) ?? fail(`Invalid date formatted string ${text(raw)}`),
  'date-time': (raw) => parseTimestamp(text(raw)) ?? fail(`Invalid date-time formatted string ${text(raw)}`),
  duration: (raw) => parseFormatDuration(text(raw)) ?? fail(`Invalid duration ${text(raw)}`),
};

function listConverter(schema: StructuralSchema): Convert {
  const { items } = schema;
  if (items === undefined) return () => fail('invalid array type, expected Items with a non-empty Schema');
  const convert = converterOf(items, items['x-kubernetes-embedded-resource'] === true);
  const semantics = semanticsOf(schema);
  return (raw) =>
    Array.isArray(raw)
      ? new CelList(raw, convert, semantics)
      : fail('invalid data, expected an array for the provided schema with type=array');
}

function semanticsOf(schema: StructuralSchema): ListSemantics | undefined {
  const type = schema['x-kubernetes-list-type'];
  if (type === 'set') return { type };
  if (type !== 'map') return undefined;
  return { type, keys: (schema['x-kubernetes-list-map-keys'] ?? []).map((key) => escapeName(key) ?? key) };
}

function objectConverter(schema: StructuralSchema, isResource: boolean): Convert {
  const shape = shapeOf(isResource ? withResourceFields(schema) : schema);
  return (raw) =>
    isJsonObject(raw)
      ? new JsonMap(raw, shape)
      : fail('invalid data, expected a map for the provided schema with type=object');
}

function shapeOf({ properties, additionalProperties }: StructuralSchema): Shape {
  if (properties !== undefined) {
    const converters = new Map(
      Object.entries(properties).map(([property, child]) => [
        property,
        converterOf(child, child['x-kubernetes-embedded-resource'] === true),
      ]),
    );
    return { isObject: true, convert: (property) => converters.get(property) };
  }
  if (typeof additionalProperties !== 'object') return { isObject: false, convert: () => undefined };
  const convert = converterOf(
    additionalProperties,
    additionalProperties['x-kubernetes-embedded-resource'] === true,
  );
  return { isObject: false, convert: () => convert };
}
