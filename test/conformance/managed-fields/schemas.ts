import fc from 'fast-check';
import type { StructuralSchema } from '#api/structural-schema/structural-schema';

/** Schemas that have every type of list and map there is, and values for them. */

const TEXT: StructuralSchema = { type: 'string' };
const NUMBER: StructuralSchema = { type: 'integer' };

const SCALARS: StructuralSchema[] = [
  TEXT,
  NUMBER,
  { type: 'number' },
  { type: 'boolean' },
  { type: 'string', format: 'date-time' },
  { type: 'string', nullable: true },
  { 'x-kubernetes-int-or-string': true },
];

const scalar = fc.constantFrom(...SCALARS);

const NAMES = ['a', 'b', 'c'];

export const { node: nodeSchema } = fc.letrec<{ node: StructuralSchema; struct: StructuralSchema }>(
  (tie) => ({
    node: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      scalar,
      fc.constantFrom<StructuralSchema>(
        { type: 'array', items: TEXT, 'x-kubernetes-list-type': 'set' },
        { type: 'array', items: { type: 'number' }, 'x-kubernetes-list-type': 'set' },
        { type: 'array', items: TEXT },
        { type: 'array', items: { 'x-kubernetes-int-or-string': true }, 'x-kubernetes-list-type': 'set' },
        { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { a: NUMBER } },
        { 'x-kubernetes-preserve-unknown-fields': true },
        {
          type: 'object',
          'x-kubernetes-embedded-resource': true,
          'x-kubernetes-preserve-unknown-fields': true,
        },
        {
          type: 'object',
          'x-kubernetes-embedded-resource': true,
          properties: { spec: { type: 'object', properties: { a: TEXT } } },
        },
      ),
      tie('struct'),
      tie('struct').map(atomic),
      tie('node').map((node): StructuralSchema => ({ type: 'object', additionalProperties: node })),
      tie('node').map((node): StructuralSchema => ({
        type: 'object',
        additionalProperties: node,
        'x-kubernetes-map-type': 'atomic',
      })),
      tie('node').map((items): StructuralSchema => ({ type: 'array', items })),
      fc
        .tuple(tie('struct'), fc.constantFrom('one', 'two', 'default'))
        .map(([items, keys]) => mapList(items, keys)),
    ),
    struct: fc
      .dictionary(fc.constantFrom(...NAMES), tie('node'), { minKeys: 1, maxKeys: 3 })
      .map((properties): StructuralSchema => ({ type: 'object', properties: { ...properties } })),
  }),
);

function atomic(struct: StructuralSchema): StructuralSchema {
  return { ...struct, 'x-kubernetes-map-type': 'atomic' };
}

function mapList(items: StructuralSchema, keys: string): StructuralSchema {
  const named = { ...items.properties, name: TEXT };
  const ported = { ...named, port: keys === 'default' ? { ...NUMBER, default: 80 } : NUMBER };
  return {
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': keys === 'one' ? ['name'] : ['name', 'port'],
    items: { ...items, properties: keys === 'one' ? named : ported },
  };
}

const text = fc.constantFrom('x', 'y', 'z', 'a<b', 'ü"', '');
const number = fc.constantFrom<unknown>(0, 1, 2, 10, 1.5, -1, 9_007_199_254_740_993n);
const boolean = fc.boolean();
const anyScalar = fc.oneof(text, fc.integer({ min: 0, max: 3 }), boolean);

/** A value of any form, for fields that no schema describes. */
const free = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    anyScalar,
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom(...NAMES), tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;

export function valueFor(schema: StructuralSchema): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 19, arbitrary: ownValue(schema) }, { weight: 1, arbitrary: fc.constant(null) });
}

function ownValue(schema: StructuralSchema): fc.Arbitrary<unknown> {
  switch (schema.type) {
    case 'boolean':
      return boolean;
    case 'integer':
    case 'number':
      return number;
    case 'string':
      return schema.format === undefined
        ? text
        : fc.constantFrom('2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z');
    case 'array':
      return listValue(schema);
    case 'object':
      return objectValue(schema);
    default:
      return schema['x-kubernetes-int-or-string'] === true ? fc.oneof(text, number) : free;
  }
}

function listValue(schema: StructuralSchema): fc.Arbitrary<unknown> {
  const { items = {}, 'x-kubernetes-list-type': type, 'x-kubernetes-list-map-keys': keys = [] } = schema;
  // kube-apiserver reads large numbers in path elements as floats, and so forgets their last digits.
  const small = ownValue(items).filter((item) => typeof item !== 'bigint');
  if (type === 'set') return fc.uniqueArray(small, { maxLength: 4, selector: String });
  if (type !== 'map') return fc.array(valueFor(items), { maxLength: 3 });
  const item = objectValue(items).chain((fields) =>
    fc
      .record(
        { name: fc.constantFrom('n', 'm', 'o'), port: fc.constantFrom(80, 81) },
        { requiredKeys: ['name'] },
      )
      .map(({ name, port }) => {
        const given = fields as Record<string, unknown>;
        const { name: _name, port: _port, ...item } = given;
        item['name'] = name;
        if (keys.includes('port') && port !== undefined) item['port'] = port;
        return item;
      }),
  );
  const identity = ({ name, port = 80 }: Record<string, unknown>): string =>
    keys.includes('port') ? `${String(name)} ${String(port)}` : String(name);
  return fc.uniqueArray(item, { maxLength: 3, selector: identity });
}

function objectValue(schema: StructuralSchema): fc.Arbitrary<unknown> {
  const { properties = {}, additionalProperties } = schema;
  const fields: Record<string, fc.Arbitrary<unknown>> = {};
  for (const [name, child] of Object.entries(properties)) fields[name] = valueFor(child);
  if (schema['x-kubernetes-embedded-resource'] === true) {
    fields['apiVersion'] = text;
    fields['metadata'] = metadataFor(['labels']);
  }
  if (typeof additionalProperties === 'object')
    for (const name of ['k', 'l', 'constructor']) fields[name] = valueFor(additionalProperties);
  if (schema['x-kubernetes-preserve-unknown-fields'] === true && fields['b'] === undefined)
    fields['b'] = free;
  return fc.record(fields, { requiredKeys: [], noNullPrototype: true });
}

/** What clients set in metadata. */
export function metadataFor(names: readonly string[]): fc.Arbitrary<Record<string, unknown>> {
  const texts = fc.dictionary(fc.constantFrom('k', 'l', 'm'), text, { maxKeys: 3, noNullPrototype: true });
  const owner = fc.record({
    apiVersion: fc.constant('v1'),
    kind: fc.constant('Secret'),
    name: fc.constantFrom('s', 't'),
    uid: fc.constantFrom('1', '2', '3'),
  });
  const fields: Record<string, fc.Arbitrary<unknown>> = {
    labels: texts,
    annotations: texts,
    finalizers: fc.uniqueArray(fc.constantFrom('f/1', 'f/2', 'f/3'), { maxLength: 3 }),
    ownerReferences: fc.uniqueArray(owner, { maxLength: 2, selector: ({ uid }) => uid }),
  };
  const chosen = Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name)));
  return fc.record(chosen, { requiredKeys: [], noNullPrototype: true });
}
