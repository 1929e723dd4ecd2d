import type { ObjectMeta, Unstructured } from '../machinery/meta.ts';
import type { StructuralSchema } from '../structural-schema/structural-schema.ts';
import { applyConfiguration, trackUpdate } from './field-manager.ts';
import { compileMergeSchema } from './merge-schema.ts';

/** An object with a list and a map of each type, for the tests of this folder. */

const NAMED: StructuralSchema = {
  type: 'array',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['name'],
  items: {
    type: 'object',
    properties: { name: { type: 'string' }, role: { type: 'string' }, size: { type: 'integer' } },
  },
};

const schema = compileMergeSchema({
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        prompt: { type: 'string' },
        replicas: { type: 'integer' },
        tags: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
        members: NAMED,
        args: { type: 'array', items: { type: 'string' } },
        labels: { type: 'object', additionalProperties: { type: 'string' } },
        ref: {
          type: 'object',
          'x-kubernetes-map-type': 'atomic',
          properties: { name: { type: 'string' }, kind: { type: 'string' } },
        },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      },
    },
    status: { type: 'object', properties: { phase: { type: 'string' } } },
  },
});

export type Fields = Record<string, unknown>;

export const object = (spec: Fields, metadata: Partial<ObjectMeta> = {}, status?: Fields): Unstructured => ({
  apiVersion: 'example.com/v1',
  kind: 'Task',
  metadata: { name: 'x', namespace: 'ns', ...metadata },
  spec,
  ...(status !== undefined && { status }),
});

let seconds = 0;

export const common = {
  schema,
  schemaOf: () => undefined,
  subresource: '',
  resetFields: ['status'],
} as const;

export const time = (): string =>
  new Date(Date.UTC(2026, 0, 1) + 1000 * (seconds += 1)).toISOString().replace('.000', '');

/** As a store would: it gets a uid. */
function stored(object: Unstructured): Unstructured {
  return { ...object, metadata: { ...object.metadata, uid: 'u' } };
}

export function update(live: Unstructured | undefined, manager: string, next: Unstructured): Unstructured {
  return stored(trackUpdate({ ...common, live, manager, next, time: time() }));
}

export function apply(live: Unstructured | undefined, manager: string, spec: Fields): Unstructured {
  return applied({ live, manager, force: false }, spec);
}

export function forceApply(live: Unstructured | undefined, manager: string, spec: Fields): Unstructured {
  return applied({ live, manager, force: true }, spec);
}

interface Applier {
  live: Unstructured | undefined;
  manager: string;
  force: boolean;
}

function applied(applier: Applier, spec: Fields): Unstructured {
  const { spec: _spec, ...empty } = object(spec);
  // An empty map is a value of its own; who applies nothing leaves it out.
  const configuration = Object.keys(spec).length === 0 ? empty : object(spec);
  return stored(applyConfiguration({ ...common, ...applier, configuration, time: time() }));
}

interface Entry {
  manager: string;
  operation: string;
  subresource?: string;
  apiVersion: string;
  time?: string;
  fieldsV1: Fields;
}

export const entries = ({ metadata }: Unstructured): Entry[] => (metadata.managedFields ?? []) as Entry[];

export const managers = (object: Unstructured): string[] =>
  entries(object).map(({ manager, operation }) => `${manager} ${operation}`);

export const spec = (object: Unstructured): Fields => object['spec'] as Fields;
