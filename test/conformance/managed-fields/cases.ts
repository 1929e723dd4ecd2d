import fc from 'fast-check';
import { isJsonObject } from '#api/machinery/json/json';
import type { StructuralSchema } from '#api/structural-schema/structural-schema';
import { metadataFor, nodeSchema, valueFor } from './schemas.ts';

/** A kind in two versions and a sequence of writes, which are made of the state they find. */
export interface Case {
  schemas: Record<string, StructuralSchema>;
  steps: Step[];
}

export interface Step {
  verb: 'apply' | 'update';
  version: 'v1' | 'v2';
  subresource: '' | 'status';
  manager: string;
  force: boolean;
  /** How an update makes the new object of the old one and `content`. */
  change: 'append' | 'drop' | 'nothing' | 'overlay' | 'replace';
  managedFields: 'absent' | 'cleared' | 'crowd' | 'foreign' | 'same' | 'unreadable';
  /** kubectl's annotation says that this was applied. */
  lastApplied: boolean;
  /** A mistake in spec. */
  broken?: 'duplicate' | 'type' | 'unknown' | undefined;
  metadata: Record<string, unknown>;
  content: Record<string, unknown>;
}

const FIELDS = ['a', 'b', 'c', 'd'];

const properties = fc.dictionary(fc.constantFrom(...FIELDS), nodeSchema, { minKeys: 1, maxKeys: 4 });

type Schemas = Record<string, StructuralSchema>;

const kinds: fc.Arbitrary<Schemas> = fc
  .tuple(properties, nodeSchema, fc.constantFrom(...FIELDS), fc.boolean())
  .map(([fields, status, dropped, several]): Schemas => {
    const v1 = root({ ...fields }, status);
    const others = Object.entries(fields).filter(([name]) => name !== dropped);
    const v2 = root(Object.fromEntries([...others, ['z', { type: 'string' }]]), status);
    return several ? { v1, v2 } : { v1 };
  });

/** Cases of kinds that are known before: to the judge a new kind is more work than a dozen writes. */
export function casesOf(options: { kinds: number; seed: number }): fc.Arbitrary<Case> {
  const known = fc.sample(kinds, { numRuns: options.kinds, seed: options.seed });
  return fc.oneof(...known.map(writesTo));
}

function writesTo(schemas: Schemas): fc.Arbitrary<Case> {
  const { v1 = {}, v2 } = schemas;
  const fit = v2 === undefined ? inOneVersion : withoutDuplicates;
  const steps = fc.array(step(v1).map(fit), { minLength: 1, maxLength: 9 });
  return fc.record({ schemas: fc.constant(schemas), steps });
}

/**
 * An object with duplicate items in a list is one that kube-apiserver cannot convert to another version for merging;
 * it then answers 500, and we take it as it is.
 */
function withoutDuplicates(step: Step): Step {
  const { broken, ...sound } = step;
  const applied = broken !== undefined && (broken !== 'duplicate' || step.verb === 'apply');
  return { ...sound, ...(applied && { broken }), change: step.change === 'append' ? 'overlay' : step.change };
}

function inOneVersion(step: Step): Step {
  return { ...step, version: 'v1' };
}

function root(fields: Record<string, StructuralSchema>, status: StructuralSchema): StructuralSchema {
  const spec: StructuralSchema = { type: 'object', properties: fields };
  return { type: 'object', properties: { spec, status } };
}

function step({ properties = {} }: StructuralSchema): fc.Arbitrary<Step> {
  const content = fc.record(
    { spec: valueFor(properties['spec'] ?? {}), status: valueFor(properties['status'] ?? {}) },
    { requiredKeys: [], noNullPrototype: true },
  );
  return fc.record(
    {
      verb: fc.constantFrom('apply', 'update'),
      version: often('v1', 'v2'),
      subresource: often('', 'status'),
      manager: fc.constantFrom('one', 'two', 'three', 'kubectl', 'kubectl', 'kubectl'),
      force: fc.boolean(),
      change: fc.constantFrom('append', 'drop', 'nothing', 'overlay', 'replace'),
      managedFields: often('same', 'absent', 'cleared', 'crowd', 'foreign', 'unreadable'),
      lastApplied: fc.boolean(),
      broken: rarely('duplicate', 'type', 'unknown'),
      metadata: metadataFor(['labels', 'annotations', 'finalizers', 'ownerReferences']),
      content,
    },
    { noNullPrototype: true },
  ) as fc.Arbitrary<Step>;
}

function often<T>(usual: T, ...others: T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: 5, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );
}

function rarely<T>(...values: T[]): fc.Arbitrary<T | undefined> {
  return fc.oneof(
    { weight: 24, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom(...values) },
  );
}

type Fields = Record<string, unknown>;

const GROUP = 'judge.troupe.test';
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** The object that a step sends, given what there is. */
export function sent(step: Step, live: Fields | undefined, schema: StructuralSchema): Fields {
  const typeMeta = { apiVersion: `${GROUP}/${step.version}`, kind: 'Thing' };
  const own = {
    ...typeMeta,
    metadata: { name: 'thing', namespace: 'ns', ...step.metadata },
    ...step.content,
  };
  const fitting = withoutUnknown(own, schema);
  if (step.verb === 'apply') return withMistake(fitting, step);
  const next = live === undefined ? fitting : changed(live, fitting, step);
  return withMistake(
    withManagedFields(withAnnotation({ ...next, ...typeMeta }, step, fitting), live, step),
    step,
  );
}

function withoutUnknown(object: Fields, schema: StructuralSchema): Fields {
  const { spec } = object;
  if (!isJsonObject(spec)) return object;
  const known = Object.entries(spec).filter(
    ([name]) => schema.properties?.['spec']?.properties?.[name] !== undefined,
  );
  return { ...object, spec: Object.fromEntries(known) };
}

function changed(live: Fields, next: Fields, { change, subresource }: Step): Fields {
  const part = subresource === 'status' ? 'status' : 'spec';
  const metadata = { ...(live['metadata'] as Fields) };
  if (change === 'nothing') return live;
  if (change === 'replace')
    return { ...live, [part]: next[part] ?? {}, metadata: { ...metadata, ...(next['metadata'] as Fields) } };
  if (change === 'drop')
    return {
      ...live,
      ...(part in live && { [part]: withoutFirst(live[part]) }),
      metadata: withoutFirst(metadata),
    };
  return overlaid(live, next, change === 'append') as Fields;
}

function withoutFirst(value: unknown): unknown {
  if (!isJsonObject(value)) return value;
  const first = Object.keys(value).find((name) => !['name', 'namespace', 'uid'].includes(name));
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== first));
}

function overlaid(below: unknown, above: unknown, append: boolean): unknown {
  if (Array.isArray(below) && Array.isArray(above) && append) return [...above, ...below];
  if (!isJsonObject(below) || !isJsonObject(above)) return above;
  const result = new Map(Object.entries(below));
  for (const [name, value] of Object.entries(above))
    result.set(name, result.has(name) ? overlaid(result.get(name), value, append) : value);
  return Object.fromEntries(result);
}

function withAnnotation(object: Fields, { lastApplied }: Step, configuration: Fields): Fields {
  if (!lastApplied) return object;
  const metadata = object['metadata'] as Fields;
  const annotations = isJsonObject(metadata['annotations']) ? metadata['annotations'] : {};
  const text = JSON.stringify(configuration, (_, value: unknown) => (typeof value === 'bigint' ? 7 : value));
  return { ...object, metadata: { ...metadata, annotations: { ...annotations, [LAST_APPLIED]: text } } };
}

function withManagedFields(object: Fields, live: Fields | undefined, step: Step): Fields {
  const { managedFields: _own, ...metadata } = object['metadata'] as Fields;
  const before = (live?.['metadata'] as Fields | undefined)?.['managedFields'];
  const managedFields = {
    absent: undefined,
    same: before,
    cleared: step.force ? [] : [{}],
    foreign: foreignEntries(step),
    crowd: Array.from({ length: 11 }, (_, index) => crowdEntry(index, step)),
    unreadable: step.force
      ? 'none'
      : [{ manager: 'x', operation: 'Create', apiVersion: 'v1', fieldsType: 'FieldsV1' }],
  }[step.managedFields];
  return { ...object, metadata: { ...metadata, ...(managedFields !== undefined && { managedFields }) } };
}

/** With one more there are more updaters than an object keeps. */
function crowdEntry(index: number, { version, force }: Step): unknown {
  const other = force && index % 2 === 0 ? 'v2' : version;
  const field = FIELDS[index % FIELDS.length] ?? '';
  return {
    manager: `m${index}`,
    operation: 'Update',
    apiVersion: `${GROUP}/${other}`,
    ...(index % 3 > 0 && { time: `2001-01-01T00:00:${10 + (index % 4)}Z` }),
    fieldsType: 'FieldsV1',
    fieldsV1: {
      'f:spec': { '.': {}, [`f:${field}`]: {} },
      'f:metadata': { 'f:labels': { '.': {}, 'f:k': {} } },
    },
    ...(index % 5 === 0 && { subresource: 'status' }),
  };
}

/** As a client may write them: of a version that is gone, and of fields that are not there, in any order. */
function foreignEntries({ version, force }: Step): unknown[] {
  const entry = { fieldsType: 'FieldsV1', time: '2001-01-01T00:00:00Z' };
  return [
    {
      ...entry,
      manager: 'one',
      operation: force ? 'Apply' : 'Update',
      apiVersion: `${GROUP}/${version}`,
      fieldsV1: {
        'f:spec': {
          'f:c': { 'k:{"port":80,"name":"n"}': { 'f:a': {}, '.': {} } },
          'f:a': {},
          'f:b': { 'v:"x"': {} },
        },
        'f:metadata': { 'f:labels': { 'f:k': {} } },
      },
    },
    { ...entry, manager: 'old', operation: 'Update', apiVersion: `${GROUP}/v0`, fieldsV1: { 'f:spec': {} } },
    {
      ...entry,
      manager: 'two',
      operation: 'Update',
      apiVersion: `${GROUP}/v2`,
      fieldsV1: { 'f:spec': { '.': {}, 'f:z': {} } },
    },
  ];
}

function withMistake(object: Fields, step: Step): Fields {
  const { broken } = step;
  const { spec } = object;
  if (broken === undefined || !isJsonObject(spec)) return object;
  if (broken === 'unknown') return { ...object, spec: { ...spec, unknown: 1 } };
  const [name] = Object.keys(spec);
  if (name === undefined) return object;
  const value = spec[name];
  if (broken === 'type') return { ...object, spec: { ...spec, [name]: wrong(value) } };
  return Array.isArray(value)
    ? { ...object, spec: { ...spec, [name]: [...value, ...value.slice(0, 1)] } }
    : object;
}

function wrong(value: unknown): unknown {
  if (Array.isArray(value)) return { a: ['x', 1.5, { b: null }] };
  return isJsonObject(value) ? [true, { a: 'x' }] : { a: { b: 'x', c: [2] } };
}
