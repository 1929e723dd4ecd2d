import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Unstructured } from '../machinery/meta.ts';
import { loadDefinitions } from './load-crds.ts';
import type { StructuralSchema } from '../structural-schema/structural-schema.ts';

const definitions = loadDefinitions();
const each = definitions.map((definition) => ({ kind: definition.kind, definition }));

/** Values that mostly fit the schema, with wrong types, nulls and unknown fields among them. */
function valueOf(schema: StructuralSchema): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 12, arbitrary: fitting(schema) },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  );
}

function fitting(schema: StructuralSchema): fc.Arbitrary<unknown> {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  switch (schema.type) {
    case 'string':
      return schema.format === 'date-time'
        ? fc.constant('2026-11-21T06:16:00Z')
        : fc.string({ maxLength: 5 });
    case 'integer':
      return fc.integer({ min: 0, max: 10 });
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    case 'boolean':
      return fc.boolean();
    case 'array':
      return fc.array(valueOf(schema.items ?? {}), { maxLength: 2 });
    case 'object':
      return objectOf(schema);
    default:
      return fc.jsonValue({ maxDepth: 1 });
  }
}

function objectOf(schema: StructuralSchema): fc.Arbitrary<object> {
  const fields = Object.entries(schema.properties ?? {}).map(
    ([name, child]) => [name, valueOf(child)] as const,
  );
  const known = fc.record(Object.fromEntries(fields), {
    requiredKeys: schema.required?.filter((name) => fields.some(([one]) => one === name)) ?? [],
  });
  const other =
    typeof schema.additionalProperties === 'object'
      ? valueOf(schema.additionalProperties)
      : fc.jsonValue({ maxDepth: 1 });
  const junk = fc.dictionary(fc.constantFrom('__proto__', 'constructor', 'junk', 'a'), other, { maxKeys: 1 });
  return fc.tuple(known, junk).map(([left, right]) => merged(left, right));
}

function objectsOf(schema: StructuralSchema): fc.Arbitrary<Unstructured> {
  const {
    apiVersion: _apiVersion,
    kind: _kind,
    metadata: _metadata,
    ...properties
  } = schema.properties ?? {};
  const body = objectOf({ ...schema, properties });
  return body.map(withTypeMeta);
}

/** Spread, not assigned: a field named `__proto__` has to stay a field. */
const merged = (left: object, right: object): object => ({ ...right, ...left });

const withTypeMeta = (fields: object): Unstructured => ({
  ...fields,
  apiVersion: 'v1',
  kind: 'Any',
  metadata: { name: 'a' },
});

describe.each(each)('the passes over $kind', ({ definition: { schema, compiled } }) => {
  const objects = objectsOf(schema);

  it('pruning twice is pruning once', () => {
    fc.assert(
      fc.property(objects, (object) => {
        const once = compiled.prune(object);
        const twice = compiled.prune(once.object);
        expect(twice.object).toBe(once.object);
        expect(twice.unknownFields).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('defaulting twice is defaulting once, and what is valid stays valid and unpruned', () => {
    fc.assert(
      fc.property(objects, (object) => {
        const pruned = compiled.prune(object).object;
        const once = compiled.applyDefaults(pruned);
        expect(compiled.applyDefaults(once)).toBe(once);
        expect(compiled.prune(once).object).toBe(once);
        if (compiled.validate(pruned).length === 0) expect(compiled.validate(once)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('no pass changes its argument', () => {
    fc.assert(
      fc.property(objects, (object) => {
        const before = JSON.stringify(object);
        compiled.validate(compiled.applyDefaults(compiled.prune(object).object));
        expect(JSON.stringify(object)).toBe(before);
      }),
      { numRuns: 30 },
    );
  });
});
