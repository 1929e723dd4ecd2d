import type { StatusCause } from '../../machinery/status-error.ts';
import {
  forbidden,
  invalidValue,
  requiredValue,
  unsupportedValue,
} from '../../structural-schema/field-error.ts';
import type { SchemaProps } from './schema-props.ts';

const LIST_TYPES = ['atomic', 'set', 'map'];
const KEYS = 'x-kubernetes-list-map-keys';

/** x-kubernetes-list-type and x-kubernetes-list-map-keys of a node. */
export function listProblems(schema: SchemaProps, at: string): StatusCause[] {
  const listType: string | undefined = schema['x-kubernetes-list-type'];
  const keys = schema[KEYS] ?? [];
  const typeAt = `${at}.x-kubernetes-list-type`;
  const causes: StatusCause[] = [];
  if (listType !== undefined && schema.type !== 'array')
    causes.push(mustBe(`${at}.type`, schema.type, 'must be array if x-kubernetes-list-type is specified'));
  else if (listType === 'set') causes.push(...setProblems(schema, at));
  if (listType !== undefined && !LIST_TYPES.includes(listType))
    causes.push(unsupportedValue(typeAt, listType, LIST_TYPES));
  if (keys.length > 0 && listType !== 'map')
    causes.push(mustBe(typeAt, listType, `must be map if ${KEYS} is non-empty`));
  if (listType === 'map') for (const cause of mapProblems(schema, at)) causes.push(cause);
  return [...causes, ...itemProblems(schema, at)];
}

function setProblems({ items }: SchemaProps, at: string): StatusCause[] {
  if (items === undefined || Array.isArray(items)) return [];
  const text = 'must be atomic as item of a list with x-kubernetes-list-type=set';
  const listType = items['x-kubernetes-list-type'];
  if (items.type === 'array' && listType !== undefined && listType !== 'atomic')
    return [invalidValue(`${at}.items.x-kubernetes-list-type`, listType, text)];
  if (items.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic')
    return [invalidValue(`${at}.items.x-kubernetes-map-type`, listType ?? null, text)];
  return [];
}

function mapProblems(schema: SchemaProps, at: string): StatusCause[] {
  const { items } = schema;
  const keys = schema[KEYS] ?? [];
  const causes: StatusCause[] = [];
  if (keys.length === 0)
    causes.push(requiredValue(`${at}.${KEYS}`, 'must not be empty if x-kubernetes-list-type is map'));
  if (items === undefined)
    causes.push(requiredValue(`${at}.items`, 'must have a schema if x-kubernetes-list-type is map'));
  else if (Array.isArray(items))
    causes.push(
      invalidValue(`${at}.items`, items, 'must only have a single schema if x-kubernetes-list-type is map'),
    );
  else if (items.type !== 'object')
    causes.push(
      invalidValue(
        `${at}.items.type`,
        items.type ?? '',
        "must be object if parent array's x-kubernetes-list-type is map",
      ),
    );
  else return causes.concat(keyProblems(keys, items, at));
  return causes;
}

function keyProblems(keys: string[], items: SchemaProps, at: string): StatusCause[] {
  const properties = items.properties ?? {};
  const seen = new Set<string>();
  // Both name all the keys: made once, for there may be as many findings as keys.
  const unknown = invalidValue(`${at}.${KEYS}`, keys, 'entries must all be names of item properties');
  const again = invalidValue(`${at}.${KEYS}`, keys, 'must not contain duplicate entries');
  return keys.flatMap((key) => {
    const causes: StatusCause[] = [];
    const type = Object.hasOwn(properties, key) ? properties[key]?.type : undefined;
    if (!Object.hasOwn(properties, key)) causes.push(unknown);
    else if (type === 'array' || type === 'object')
      causes.push(
        invalidValue(
          `${at}.items.properties[${key}].type`,
          items.type,
          "must be a scalar type if parent array's x-kubernetes-list-type is map",
        ),
      );
    if (seen.has(key)) causes.push(again);
    seen.add(key);
    return causes;
  });
}

/** Items of sets and maps are never null, and keys of maps are always there. */
export function itemProblems(schema: SchemaProps, at: string): StatusCause[] {
  const { items } = schema;
  const listType = schema['x-kubernetes-list-type'];
  if (items === undefined || Array.isArray(items) || (listType !== 'set' && listType !== 'map')) return [];
  const causes: StatusCause[] = [];
  if (items.nullable === true)
    causes.push(
      forbidden(`${at}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${listType}`),
    );
  if (listType === 'set') return causes;
  const properties = items.properties ?? {};
  const required = new Set(items.required);
  for (const key of schema[KEYS] ?? []) {
    const property = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (property === undefined) continue;
    const keyAt = `${at}.items.properties[${key}]`;
    const text = `this property is in ${KEYS}, so it`;
    if (!required.has(key) && property.default === undefined)
      causes.push(requiredValue(`${keyAt}.default`, `${text} must have a default or be a required property`));
    if (property.nullable === true) causes.push(forbidden(`${keyAt}.nullable`, `${text} cannot be nullable`));
  }
  return causes;
}

/** A wrong value, or none at all. */
export function mustBe(field: string, value: string | undefined, text: string): StatusCause {
  return value === undefined || value === '' ? requiredValue(field, text) : invalidValue(field, value, text);
}
