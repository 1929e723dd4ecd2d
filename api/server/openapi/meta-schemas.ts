import {
  API_VERSION,
  describedRef,
  flag,
  int32,
  int64,
  KIND,
  kindMark,
  listOf,
  META,
  schemaRef,
  text,
  textMap,
} from './schema.ts';
import type { OpenApiSchema } from './schema.ts';

/** The schemas of meta/v1 that every OpenAPI document has; named as upstream, since clients know the names. */

const v1 = (kind: string): OpenApiSchema => kindMark({ group: '', version: 'v1', kind });
const time = (description: string): OpenApiSchema => describedRef(`${META}.Time`, description);
const wrapped = (name: string): OpenApiSchema => ({ allOf: [schemaRef(`${META}.${name}`)] });
const atomic = { 'x-kubernetes-list-type': 'atomic' };

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
      ...listOf({ type: 'string' }, 'What has to happen before the object is removed.'),
      'x-kubernetes-list-type': 'set',
      'x-kubernetes-patch-strategy': 'merge',
    },
    generateName: text('A prefix; the server adds random characters when name is empty.'),
    generation: int64('Grows by one with each change of the desired state. Read-only.'),
    labels: textMap('Data to organize and select objects by.'),
    managedFields: {
      ...listOf(wrapped('ManagedFieldsEntry'), 'Which writer manages which fields.'),
      ...atomic,
    },
    name: text('Name of the object, unique in its namespace. Cannot be changed.'),
    namespace: text('Namespace of the object. Cannot be changed.'),
    ownerReferences: {
      ...listOf(
        wrapped('OwnerReference'),
        'The objects this one depends on; it is deleted when all of them are gone.',
      ),
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['uid'],
      'x-kubernetes-patch-merge-key': 'uid',
      'x-kubernetes-patch-strategy': 'merge',
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
    fieldsV1: describedRef(`${META}.FieldsV1`, 'The set of fields.'),
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
    apiVersion: API_VERSION,
    dryRun: {
      ...listOf({ type: 'string', enum: ['All'] }, 'All: do everything but store it.'),
      ...atomic,
    },
    gracePeriodSeconds: { ...int64('Seconds until the deletion; zero is at once.'), minimum: 0 },
    kind: KIND,
    orphanDependents: flag('Use propagationPolicy.'),
    preconditions: describedRef(`${META}.Preconditions`, 'What must hold for the deletion to happen.'),
    propagationPolicy: {
      ...text('What happens to dependents.'),
      enum: ['Background', 'Foreground', 'Orphan'],
    },
  },
  ...v1('DeleteOptions'),
};

const PRECONDITIONS: OpenApiSchema = {
  description: 'Preconditions must hold for an operation to happen.',
  type: 'object',
  properties: { resourceVersion: text('The expected version.'), uid: text('The expected uid.') },
};

const STATUS: OpenApiSchema = {
  description: 'Status is the answer of a call that returns no other object.',
  type: 'object',
  properties: {
    apiVersion: API_VERSION,
    code: int32('The HTTP status code.'),
    details: describedRef(`${META}.StatusDetails`, 'More about the reason.'),
    kind: KIND,
    message: text('What happened, for people.'),
    metadata: describedRef(`${META}.ListMeta`, "Standard list's metadata."),
    reason: text('What happened, in one word for programs.'),
    status: { ...text('Success or Failure.'), enum: ['Failure', 'Success'] },
  },
  ...v1('Status'),
};

const STATUS_DETAILS: OpenApiSchema = {
  description: 'StatusDetails says more about the reason of a Status.',
  type: 'object',
  properties: {
    causes: { ...listOf(wrapped('StatusCause'), 'What was wrong, field by field.'), ...atomic },
    group: text('Group of the resource.'),
    kind: text('The kind, or the resource, the Status is about.'),
    name: text('Name of the object.'),
    retryAfterSeconds: int32('Seconds after which to try again.'),
    uid: text('The uid of the object.'),
  },
};

const STATUS_CAUSE: OpenApiSchema = {
  description: 'StatusCause is one thing that was wrong.',
  type: 'object',
  properties: {
    field: text('The field, such as `spec.prompt` or `items[0].name`.'),
    message: text('What was wrong, for people.'),
    reason: text('What was wrong, in one word for programs.'),
  },
};

const WATCH_EVENT: OpenApiSchema = {
  description: 'Event is one change that a watch reports.',
  type: 'object',
  required: ['type', 'object'],
  properties: {
    object: describedRef('io.k8s.apimachinery.pkg.runtime.RawExtension', 'The object, or a Status.'),
    type: { type: 'string', enum: ['ADDED', 'BOOKMARK', 'DELETED', 'ERROR', 'MODIFIED'] },
  },
  ...v1('WatchEvent'),
};

const API_RESOURCE: OpenApiSchema = {
  description: 'APIResource is the name of a resource and what can be done with it.',
  type: 'object',
  required: ['name', 'singularName', 'namespaced', 'kind', 'verbs'],
  properties: {
    categories: { ...listOf({ type: 'string' }, 'Names of groups of resources.'), ...atomic },
    group: text('Group of the kind, when it is another one than that of the list.'),
    kind: text('Kind of the objects.'),
    name: text('The plural, with the subresource after a slash.'),
    namespaced: flag('Whether the objects live in namespaces.'),
    shortNames: { ...listOf({ type: 'string' }, 'Shorter names.'), ...atomic },
    singularName: text('The singular.'),
    storageVersionHash: text('Changes with the version the objects are stored in.'),
    verbs: listOf({ type: 'string' }, 'What can be done.'),
    version: text('Version of the kind, when it is another one than that of the list.'),
  },
};

const API_RESOURCE_LIST: OpenApiSchema = {
  description: 'APIResourceList is the resources of a group and version.',
  type: 'object',
  required: ['groupVersion', 'resources'],
  properties: {
    apiVersion: API_VERSION,
    groupVersion: text('The group and version.'),
    kind: KIND,
    resources: { ...listOf(wrapped('APIResource'), 'The resources.'), ...atomic },
  },
  ...v1('APIResourceList'),
};

/** Complete: every reference in one of these, and in paths.ts, is to one of these. */
export const META_SCHEMAS: Readonly<Record<string, OpenApiSchema>> = {
  [`${META}.APIResource`]: API_RESOURCE,
  [`${META}.APIResourceList`]: API_RESOURCE_LIST,
  [`${META}.DeleteOptions`]: DELETE_OPTIONS,
  [`${META}.FieldsV1`]: { description: 'A set of fields as a trie in JSON.', type: 'object' },
  [`${META}.ListMeta`]: LIST_META,
  [`${META}.ManagedFieldsEntry`]: MANAGED_FIELDS_ENTRY,
  [`${META}.ObjectMeta`]: OBJECT_META,
  [`${META}.OwnerReference`]: OWNER_REFERENCE,
  [`${META}.Patch`]: { description: 'A patch, in the format its content type says.', type: 'object' },
  [`${META}.Preconditions`]: PRECONDITIONS,
  [`${META}.Status`]: STATUS,
  [`${META}.StatusCause`]: STATUS_CAUSE,
  [`${META}.StatusDetails`]: STATUS_DETAILS,
  [`${META}.Time`]: { description: 'RFC 3339, in seconds.', type: 'string', format: 'date-time' },
  [`${META}.WatchEvent`]: WATCH_EVENT,
  'io.k8s.apimachinery.pkg.runtime.RawExtension': {
    description: 'Any object.',
    type: 'object',
  },
};
