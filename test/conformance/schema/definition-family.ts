import fc from 'fast-check';
import type { StructuralSchema } from '#api/structural-schema/structural-schema';
import { rootSchema } from './schema-family.ts';

/** CustomResourceDefinitions with a few mistakes in each. */

const label = fc.constantFrom('things', 'Things', 'thing', '1thing', 'a_b', '', 'x'.repeat(64));
const mostly = (value: unknown, other: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: other });

/** Keywords that make a schema wrong, or odd, where they are put. */
const MISTAKES: object[] = [
  { type: 'null' },
  { type: 'thing' },
  { type: '' },
  { id: 'x' },
  { $ref: '#/x' },
  { uniqueItems: true },
  { nullable: true },
  { additionalProperties: false },
  { additionalProperties: true },
  { additionalProperties: { type: 'string' } },
  { patternProperties: { a: { type: 'string' } } },
  { definitions: { a: { type: 'string' } } },
  { pattern: '(' },
  { 'x-kubernetes-preserve-unknown-fields': false },
  { 'x-kubernetes-preserve-unknown-fields': true },
  { 'x-kubernetes-int-or-string': true, type: undefined },
  { 'x-kubernetes-int-or-string': true },
  { 'x-kubernetes-embedded-resource': true },
  { 'x-kubernetes-map-type': 'atomic' },
  { 'x-kubernetes-map-type': 'odd' },
  { 'x-kubernetes-list-type': 'set' },
  { 'x-kubernetes-list-type': 'odd' },
  { 'x-kubernetes-list-map-keys': ['a', 'a', 'zz'] },
  { 'x-kubernetes-list-type': 'map' },
  { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['a', 'a', 'zz'] },
  { items: { type: 'object', properties: { a: { type: 'object' } } } },
  { items: [{ type: 'string' }] },
  { items: { type: 'string', nullable: true } },
  { properties: { kind: { type: 'integer' }, apiVersion: { type: 'string' }, metadata: { type: 'string' } } },
  { properties: { metadata: { type: 'object', properties: { name: { type: 'string', maxLength: 3 } } } } },
  { properties: { metadata: { type: 'object', properties: { labels: { type: 'object' } } } } },
  { anyOf: [{ type: 'integer' }, { type: 'string' }] },
  { allOf: [{ anyOf: [{ type: 'integer' }, { type: 'string' }] }] },
  { allOf: [{ properties: { nowhere: { minLength: 1 } } }] },
  { not: { items: { items: { minimum: 1 } } } },
  { oneOf: [{ description: 'x', title: 'y', default: 1, nullable: true, 'x-kubernetes-list-type': 'set' }] },
  { default: { odd: 1 } },
  { default: 'text' },
  { default: null },
];

function mistaken(schema: StructuralSchema): fc.Arbitrary<object> {
  const broken = fc.constantFrom(...MISTAKES).map((mistake) => Object.assign({}, schema, mistake));
  const properties = schema.properties ?? {};
  const name = Object.keys(properties)[0];
  const { items } = schema;
  const choices: fc.Arbitrary<object>[] = [broken, fc.constant(schema)];
  if (name !== undefined)
    choices.push(
      fc
        .tuple(fc.constantFrom(...Object.keys(properties)), fc.constant(null))
        .chain(([one]) =>
          mistaken(properties[one] ?? {}).map((child) =>
            Object.assign({}, schema, { properties: Object.assign({}, properties, { [one]: child }) }),
          ),
        ),
    );
  if (items !== undefined)
    choices.push(mistaken(items).map((child) => Object.assign({}, schema, { items: child })));
  return fc.oneof(...choices);
}

const path = fc.constantFrom(
  '.spec.a',
  '.status.a',
  'spec',
  '.',
  '',
  '.metadata.name',
  '.spec',
  ".spec['a']",
  '.spec.zz',
  '.spec.a.b',
);

const version = (schema: fc.Arbitrary<object>): fc.Arbitrary<object> =>
  fc.record(
    {
      name: mostly('v1', fc.constantFrom('v2', 'V1', '')),
      served: fc.boolean(),
      storage: mostly(true, fc.constant(false)),
      schema: schema.map((openAPIV3Schema) => ({ openAPIV3Schema })),
      subresources: fc.record(
        {
          status: fc.constant({}),
          scale: fc.record({ specReplicasPath: path, statusReplicasPath: path, labelSelectorPath: path }),
        },
        { requiredKeys: [] },
      ),
      deprecated: fc.boolean(),
      deprecationWarning: fc.constantFrom('old', '', 'a\u0001', 'x'.repeat(257)),
      additionalPrinterColumns: fc.array(
        fc.record({
          name: fc.constantFrom('A', ''),
          type: fc.constantFrom('string', 'odd', ''),
          format: fc.constantFrom('', 'int32', 'odd'),
          jsonPath: path,
        }),
        { maxLength: 2 },
      ),
      selectableFields: fc.array(fc.record({ jsonPath: path }), { maxLength: 4 }),
    },
    { requiredKeys: ['name', 'served', 'storage'] },
  );

/** Defaults are judged by formats that mean nothing to objects; see docs of the test. */
const withoutFormats = rootSchema.map(
  (schema) =>
    JSON.parse(JSON.stringify(schema), (name, value: unknown) =>
      name === 'format' ? undefined : value,
    ) as StructuralSchema,
);

const schemas = withoutFormats.chain((schema) =>
  fc.oneof(
    { weight: 2, arbitrary: mistaken(schema) },
    { weight: 1, arbitrary: fc.constant(schema as object) },
  ),
);

export const definition: fc.Arbitrary<Record<string, unknown>> = fc.record({
  apiVersion: fc.constant('apiextensions.k8s.io/v1'),
  kind: fc.constant('CustomResourceDefinition'),
  metadata: fc.record({
    name: mostly('things.example.com', fc.constant('others.example.com')),
    annotations: fc.constantFrom(
      {},
      { 'api-approved.kubernetes.io': 'odd' },
      { 'api-approved.kubernetes.io': 'unapproved, x' },
    ),
  }),
  spec: fc.record({
    group: mostly('example.com', fc.constantFrom('', 'example', 'A.b', 'x.k8s.io')),
    scope: mostly('Namespaced', fc.constantFrom('', 'Odd')),
    names: fc.record(
      {
        plural: mostly('things', label),
        singular: label,
        kind: mostly('Thing', fc.constantFrom('', 'thing_a', 'ThingList')),
        listKind: fc.constantFrom('ThingList', 'Thing', ''),
        shortNames: fc.array(label, { maxLength: 2 }),
        categories: fc.array(label, { maxLength: 1 }),
      },
      { requiredKeys: ['plural', 'kind'] },
    ),
    preserveUnknownFields: mostly(false, fc.constant(true)),
    conversion: fc.constantFrom({ strategy: 'None' }, undefined),
    versions: fc.oneof(
      { weight: 3, arbitrary: fc.array(version(schemas), { minLength: 1, maxLength: 1 }) },
      { weight: 1, arbitrary: fc.array(version(schemas), { maxLength: 2 }) },
    ),
  }),
});

/** A definition that is in order and was stored; some are established. */
export const storedDefinition: fc.Arbitrary<Record<string, unknown>> = fc.record({
  apiVersion: fc.constant('apiextensions.k8s.io/v1'),
  kind: fc.constant('CustomResourceDefinition'),
  metadata: fc.constant({ name: 'things.example.com' }),
  spec: fc.record({
    group: fc.constant('example.com'),
    scope: fc.constantFrom('Namespaced', 'Cluster'),
    names: fc.constantFrom(
      { plural: 'things', kind: 'Thing' },
      { plural: 'others', kind: 'Thing' },
      { plural: 'things', kind: 'Other' },
    ),
    versions: fc.constant([
      { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
    ]),
  }),
  status: fc.constantFrom({}, { conditions: [{ type: 'Established', status: 'True' }] }),
});
