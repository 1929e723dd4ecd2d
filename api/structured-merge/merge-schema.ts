import type { Unstructured } from '../machinery/meta.ts';
import { compilePruner } from '../schema/prune.ts';
import type { StructuralSchema } from '../structural-schema/structural-schema.ts';
import { DEDUCED, UNTYPED_ATOMIC } from './merge-type.ts';
import type { ListType, MapField, MapType, MergeType, ScalarType } from './merge-type.ts';

/** A schema as merging sees it: compiled once per Resource. */
export interface MergeSchema {
  readonly type: MergeType;
  /** An object of another version without what this one does not know. */
  prune(object: Unstructured): Unstructured;
}

/**
 * The types of a whole object (kube-openapi pkg/schemaconv/openapi.go), with those of apiVersion, kind and metadata,
 * which no schema of a kind declares.
 */
export function compileMergeSchema(schema: StructuralSchema): MergeSchema {
  const whole = withEmbedded(schema);
  let pruner: ReturnType<typeof compilePruner> | undefined;
  return {
    type: compileType(whole, false),
    prune: (object) => {
      pruner ??= compilePruner({ ...schema, 'x-kubernetes-embedded-resource': true });
      return pruner(object, []) as Unstructured;
    },
  };
}

function compileType(schema: StructuralSchema, preserved: boolean): MergeType {
  if (schema === OBJECT_META) return OBJECT_META_TYPE;
  const keeps = preserved || schema['x-kubernetes-preserve-unknown-fields'] === true;
  switch (schema.type) {
    case 'object':
      return { map: compileMap(schema, keeps) };
    case 'array':
      return { list: compileList(schema, keeps) };
    case 'boolean':
      return { scalar: 'boolean' };
    case 'integer':
    case 'number':
      return { scalar: 'numeric' };
    case 'string':
      return { scalar: stringType(schema.format) };
    default:
      return { scalar: 'untyped', list: compileList(schema, keeps), map: compileMap(schema, keeps) };
  }
}

/** A format may mean that the value is something else in other encodings. */
function stringType(format: string | undefined): ScalarType {
  return format === undefined || format === '' || format === 'byte' ? 'string' : 'untyped';
}

function compileMap(schema: StructuralSchema, preserved: boolean): MapType {
  const embedded = schema['x-kubernetes-embedded-resource'] === true ? withEmbedded(schema) : schema;
  const fields = new Map<string, MapField>();
  for (const [name, child] of Object.entries(embedded.properties ?? {}))
    fields.set(name, {
      type: compileType(child, preserved),
      ...(child.default !== undefined && child.default !== null && { default: child.default }),
    });
  const others = otherFields(embedded, preserved);
  const untyped = fields.size === 0 && (others === DEDUCED || others?.scalar === 'untyped');
  return { atomic: schema['x-kubernetes-map-type'] === 'atomic', fields, others, untyped };
}

/** Nothing said of other fields: any, when fields are preserved or none is declared, else none. */
function otherFields(schema: StructuralSchema, preserved: boolean): MergeType | undefined {
  const { additionalProperties, properties } = schema;
  if (typeof additionalProperties === 'object') return compileType(additionalProperties, preserved);
  if (additionalProperties !== undefined) return additionalProperties ? DEDUCED : undefined;
  return preserved || Object.keys(properties ?? {}).length === 0 ? DEDUCED : undefined;
}

function compileList(schema: StructuralSchema, preserved: boolean): ListType {
  const items = schema.items === undefined ? UNTYPED_ATOMIC : compileType(schema.items, preserved);
  const type = schema['x-kubernetes-list-type'];
  if (type !== undefined)
    return {
      atomic: type === 'atomic',
      keys: type === 'map' ? (schema['x-kubernetes-list-map-keys'] ?? []) : [],
      items,
    };
  if (schema['x-kubernetes-patch-strategy'] !== 'merge') return { atomic: true, keys: [], items };
  const key = schema['x-kubernetes-patch-merge-key'];
  return { atomic: false, keys: key === undefined ? [] : [key], items };
}

const TEXT: StructuralSchema = { type: 'string' };

/** Whatever the schema says of apiVersion, kind and metadata: every resource has them, in this form. */
function withEmbedded(schema: StructuralSchema): StructuralSchema {
  const properties = { ...schema.properties, apiVersion: TEXT, kind: TEXT, metadata: OBJECT_META };
  return { ...schema, properties };
}

const TIME: StructuralSchema = { type: 'string', format: 'date-time' };
const TEXTS: StructuralSchema = { type: 'object', additionalProperties: TEXT };

/** meta/v1 ObjectMeta as the OpenAPI of Kubernetes describes it, and our displayName. */
const OBJECT_META: StructuralSchema = {
  type: 'object',
  properties: {
    annotations: TEXTS,
    creationTimestamp: TIME,
    deletionGracePeriodSeconds: { type: 'integer' },
    deletionTimestamp: TIME,
    displayName: TEXT,
    finalizers: { type: 'array', items: TEXT, 'x-kubernetes-list-type': 'set' },
    generateName: TEXT,
    generation: { type: 'integer' },
    labels: TEXTS,
    managedFields: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          apiVersion: TEXT,
          fieldsType: TEXT,
          fieldsV1: { type: 'object' },
          manager: TEXT,
          operation: TEXT,
          subresource: TEXT,
          time: TIME,
        },
      },
      'x-kubernetes-list-type': 'atomic',
    },
    name: TEXT,
    namespace: TEXT,
    ownerReferences: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          apiVersion: TEXT,
          blockOwnerDeletion: { type: 'boolean' },
          controller: { type: 'boolean' },
          kind: TEXT,
          name: TEXT,
          uid: TEXT,
        },
        'x-kubernetes-map-type': 'atomic',
      },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['uid'],
    },
    resourceVersion: TEXT,
    selfLink: TEXT,
    uid: TEXT,
  },
};

const OBJECT_META_TYPE: MergeType = { map: compileMap(OBJECT_META, false) };
