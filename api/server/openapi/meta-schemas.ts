/** The schemas of meta/v1 that every OpenAPI document has; named as upstream, since clients know the names. */

/** A schema of OpenAPI v3, extensions included. */
export interface OpenApiSchema {
  description?: string;
  type?: string;
  format?: string;
  default?: unknown;
  required?: string[];
  properties?: Record<string, OpenApiSchema>;
  additionalProperties?: OpenApiSchema | boolean;
  items?: OpenApiSchema;
  allOf?: OpenApiSchema[];
  $ref?: string;
  [extension: string]: unknown;
}

export const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';

export function schemaRef(name: string): OpenApiSchema {
  return { $ref: `#/components/schemas/${name}` };
}

/** A reference cannot have a description beside it, hence allOf, as upstream. */
export function objectMetaRef(description: string): OpenApiSchema {
  return { description, allOf: [schemaRef(`${META}.ObjectMeta`)] };
}

const text = (description: string): OpenApiSchema => ({ description, type: 'string' });
const flag = (description: string): OpenApiSchema => ({ description, type: 'boolean' });
const int64 = (description: string): OpenApiSchema => ({ description, type: 'integer', format: 'int64' });
const time = (description: string): OpenApiSchema => ({ description, allOf: [schemaRef(`${META}.Time`)] });
const listOf = (name: string, description: string): OpenApiSchema => ({
  description,
  type: 'array',
  items: { allOf: [schemaRef(`${META}.${name}`)] },
});
const textMap = (description: string): OpenApiSchema => ({
  description,
  type: 'object',
  additionalProperties: { type: 'string' },
});

const OBJECT_META: OpenApiSchema = {
  description: 'ObjectMeta is metadata that all stored objects have.',
  type: 'object',
  properties: {
    annotations: textMap('Free data that tools keep with the object.'),
    creationTimestamp: time('When the server created the object. Read-only.'),
    deletionGracePeriodSeconds: int64('Seconds the object has for a graceful end. Read-only.'),
    deletionTimestamp: time('When deletion was asked for while finalizers were present. Read-only.'),
    displayName: text('Name shown to people by compatible clients.'),
    finalizers: {
      description: 'What has to happen before the object is removed.',
      type: 'array',
      items: { type: 'string' },
      'x-kubernetes-list-type': 'set',
    },
    generateName: text('A prefix; the server adds random characters when name is empty.'),
    generation: int64('Grows by one with each change of the desired state. Read-only.'),
    labels: textMap('Data to organize and select objects by.'),
    managedFields: listOf('ManagedFieldsEntry', 'Which writer set which fields.'),
    name: text('Name of the object, unique in its namespace. Cannot be changed.'),
    namespace: text('Namespace of the object. Cannot be changed.'),
    ownerReferences: {
      ...listOf(
        'OwnerReference',
        'The objects this one depends on; it is deleted when all of them are gone.',
      ),
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['uid'],
    },
    resourceVersion: text('Version of the object, for optimistic concurrency and watches. Read-only.'),
    selfLink: text('Not used any more.'),
    uid: text('Unique over all time. Read-only.'),
  },
};

const OWNER_REFERENCE: OpenApiSchema = {
  description: 'OwnerReference names an owning object in the same namespace, or a cluster-scoped one.',
  type: 'object',
  required: ['apiVersion', 'kind', 'name', 'uid'],
  properties: {
    apiVersion: text('API version of the owner.'),
    blockOwnerDeletion: flag('Whether a foreground deletion of the owner waits for this object.'),
    controller: flag('Whether the owner is the managing controller.'),
    kind: text('Kind of the owner.'),
    name: text('Name of the owner.'),
    uid: text('The uid of the owner.'),
  },
  'x-kubernetes-map-type': 'atomic',
};

const MANAGED_FIELDS_ENTRY: OpenApiSchema = {
  description: 'ManagedFieldsEntry is the set of fields one writer manages.',
  type: 'object',
  properties: {
    apiVersion: text('Version the set of fields applies to.'),
    fieldsType: text('Format of the set of fields; FieldsV1.'),
    fieldsV1: { description: 'The set of fields.', allOf: [schemaRef(`${META}.FieldsV1`)] },
    manager: text('Name of the writer.'),
    operation: text('Apply or Update.'),
    subresource: text('Subresource the writer used, if any.'),
    time: time('When the entry last changed.'),
  },
};

const LIST_META: OpenApiSchema = {
  description: 'ListMeta is metadata of lists.',
  type: 'object',
  properties: {
    continue: text('Token for the next page; empty on the last one.'),
    remainingItemCount: int64('How many objects follow, if known.'),
    resourceVersion: text('Version of the store the list shows; a watch may start from it.'),
    selfLink: text('Not used any more.'),
  },
};

const DELETE_OPTIONS: OpenApiSchema = {
  description: 'DeleteOptions may be given when deleting an object.',
  type: 'object',
  properties: {
    apiVersion: text('Version of this schema.'),
    dryRun: { description: 'All: do everything but store it.', type: 'array', items: { type: 'string' } },
    gracePeriodSeconds: int64('Seconds until the deletion; zero is at once.'),
    kind: text('DeleteOptions.'),
    orphanDependents: flag('Use propagationPolicy.'),
    preconditions: {
      description: 'What must hold for the deletion to happen.',
      type: 'object',
      properties: { resourceVersion: text('The expected version.'), uid: text('The expected uid.') },
    },
    propagationPolicy: text('Orphan, Background or Foreground: what happens to dependents.'),
  },
};

const STATUS: OpenApiSchema = {
  description: 'Status is the answer of a call that returns no other object.',
  type: 'object',
  properties: {
    apiVersion: text('Version of this schema.'),
    code: { description: 'The HTTP status code.', type: 'integer', format: 'int32' },
    details: {
      description: 'More about the reason.',
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
    },
    kind: text('Status.'),
    message: text('What happened, for people.'),
    metadata: { description: "Standard list's metadata.", allOf: [schemaRef(`${META}.ListMeta`)] },
    reason: text('What happened, in one word for programs.'),
    status: text('Success or Failure.'),
  },
};

/** Complete: every reference in one of these, and in openapi-paths.ts, is to one of these. */
export const META_SCHEMAS: Record<string, OpenApiSchema> = {
  [`${META}.DeleteOptions`]: DELETE_OPTIONS,
  [`${META}.FieldsV1`]: { description: 'A set of fields as a trie in JSON.', type: 'object' },
  [`${META}.ListMeta`]: LIST_META,
  [`${META}.ManagedFieldsEntry`]: MANAGED_FIELDS_ENTRY,
  [`${META}.ObjectMeta`]: OBJECT_META,
  [`${META}.OwnerReference`]: OWNER_REFERENCE,
  [`${META}.Patch`]: { description: 'A patch, in the format its content type says.', type: 'object' },
  [`${META}.Status`]: STATUS,
  [`${META}.Time`]: { description: 'RFC 3339, in seconds.', type: 'string', format: 'date-time' },
};
