import fc from 'fast-check';
import type { StructuralSchema } from '#api/structural-schema/structural-schema';
import { FIELDS, NUMBERS, TEXTS } from './schema-family.ts';

/** Objects that fit a schema nearly: most values are of the right type, some are not. */

const any: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(...TEXTS, ...NUMBERS, true, false, null, {}, [], { x: 1 }, [null], [{ y: 1 }], {
    a: { b: 1 },
  }),
);

export function valueOf(schema: StructuralSchema): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 9, arbitrary: fittingOf(schema) }, { weight: 1, arbitrary: any });
}

function fittingOf(schema: StructuralSchema): fc.Arbitrary<unknown> {
  if (schema.enum !== undefined) return fc.oneof(fc.constantFrom(...schema.enum), scalarOf(schema));
  switch (schema.type) {
    case 'object':
      return objectOf(schema);
    case 'array':
      return fc.array(valueOf(schema.items ?? {}), { maxLength: 4 });
    default:
      return scalarOf(schema);
  }
}

function scalarOf(schema: StructuralSchema): fc.Arbitrary<unknown> {
  switch (schema.type) {
    case 'string':
      return fc.constantFrom(...TEXTS);
    case 'integer':
      return fc.constantFrom(...NUMBERS.filter((one) => Number.isSafeInteger(one)), 9007199254740993n);
    case 'number':
      return fc.constantFrom(...NUMBERS);
    case 'boolean':
      return fc.boolean();
    default:
      return any;
  }
}

function objectOf(schema: StructuralSchema): fc.Arbitrary<unknown> {
  const { additionalProperties } = schema;
  if (typeof additionalProperties === 'object')
    return fc.dictionary(fc.constantFrom('k1', 'k2', 'K.3'), valueOf(additionalProperties), { maxKeys: 3 });
  if (schema['x-kubernetes-embedded-resource'] === true) return embedded;
  const fields = Object.entries(schema.properties ?? {}).map(
    ([name, child]) => [name, fc.option(valueOf(child), { nil: undefined, freq: 4 })] as const,
  );
  const unknown = fc.dictionary(fc.constantFrom(...FIELDS, 'unknown'), any, { maxKeys: 1 });
  return fc
    .tuple(fc.record(Object.fromEntries(fields)), fc.option(unknown, { nil: {}, freq: 3 }))
    .map(([known, more]) => {
      const entries = Object.entries({ ...more, ...known }).filter(([, value]) => value !== undefined);
      return Object.fromEntries(entries);
    });
}

const key = fc.constantFrom(
  'a',
  'a/b',
  'A.b/c',
  '/a',
  'a/',
  'a/b/c',
  'ä',
  'x'.repeat(64),
  'k8s.io/A',
  `${'p'.repeat(254)}/a`,
);
const reference = fc.record(
  {
    apiVersion: fc.constantFrom('v1', '', 'a/b/c'),
    kind: fc.constantFrom('Thing', 'Event', ''),
    name: fc.constantFrom('x', ''),
    uid: fc.constantFrom('u', ''),
    controller: fc.boolean(),
  },
  { requiredKeys: [], noNullPrototype: true },
);
const metadata = fc.record(
  {
    name: fc.constantFrom('x', 'a/b', '.', 'a%b', ''),
    generateName: fc.constantFrom('x-', 'a/b', ''),
    namespace: fc.constantFrom('n', 'N', 'a.b', ''),
    labels: fc.dictionary(key, fc.constantFrom('', 'b', 'b c', 'v'.repeat(64)), {
      maxKeys: 2,
      noNullPrototype: true,
    }),
    annotations: fc.dictionary(key, fc.constantFrom('', 'x'.repeat(263000)), {
      maxKeys: 2,
      noNullPrototype: true,
    }),
    finalizers: fc.array(fc.constantFrom('a', 'a.b/c', 'a b', 'kubernetes', 'orphan', 'foregroundDeletion'), {
      maxLength: 3,
    }),
    ownerReferences: fc.array(reference, { maxLength: 2 }),
    generation: fc.constantFrom(1, 0, -1),
  },
  { requiredKeys: [], noNullPrototype: true },
);

const embedded = fc.record(
  {
    apiVersion: fc.constantFrom<unknown>('v1', 'a/b', 'a/b/c', '', 1),
    kind: fc.constantFrom<unknown>('Pod', '', 'a b', 5),
    metadata,
    a: fc.constantFrom<unknown>('x', 1),
    zork: fc.constant(1),
  },
  { requiredKeys: [] },
);

/** An object before an update: the new one with some values exchanged. */
export function previousOf(value: unknown): fc.Arbitrary<unknown> {
  const other = fc.oneof({ weight: 5, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: any });
  if (Array.isArray(value))
    return fc.oneof(
      { weight: 3, arbitrary: fc.tuple(...value.map(previousOf)) },
      { weight: 1, arbitrary: fc.shuffledSubarray(value) },
      { weight: 1, arbitrary: other },
    );
  if (typeof value !== 'object' || value === null) return other;
  const fields = Object.entries(value).map(([name, one]) => [name, previousOf(one)] as const);
  return fc.oneof(
    { weight: 4, arbitrary: fc.record(Object.fromEntries(fields), { noNullPrototype: true }) },
    { weight: 1, arbitrary: other },
  );
}
