import type { ObjectMeta, OwnerReference } from '../machinery/meta.ts';
import {
  dnsLabelProblems,
  labelValueProblems,
  pathSegmentProblems,
  qualifiedNameProblems,
  subdomainProblems,
} from '../machinery/object-name.ts';
import type { StatusCause } from '../machinery/status-error.ts';
import { forbidden, invalidType, invalidValue, requiredValue } from '../structural-schema/field-error.ts';
import { distinctCauses } from './findings.ts';
import { isJsonObject } from '../machinery/json/json.ts';
import { jsonType } from './value-checks.ts';

/** How names of a kind are checked. */
export type NameRule = 'dns-label' | 'dns-subdomain' | 'path-segment';

/** Keys and values of all annotations together, in bytes (apimachinery pkg/api/validation/objectmeta.go). */
const MAX_ANNOTATION_BYTES = 256 * 1024;

const NAME_PROBLEMS: Record<NameRule, (name: string) => string[]> = {
  'dns-label': dnsLabelProblems,
  'dns-subdomain': subdomainProblems,
  'path-segment': pathSegmentProblems,
};

/**
 * Everything wrong with the metadata of an object about to be stored, in the words of kube-apiserver. The types of
 * its fields are taken for granted: coerceObjectMeta has seen to them.
 */
export function validateObjectMeta(
  meta: ObjectMeta,
  definition: { nameRule: NameRule; scope: 'Cluster' | 'Namespaced' },
): StatusCause[] {
  return distinctCauses([
    ...validateGenerateName(meta.generateName ?? '', definition.nameRule),
    ...validateName(meta, NAME_PROBLEMS[definition.nameRule]),
    ...validateNamespace(meta.namespace ?? '', definition.scope),
    ...validateGeneration(meta.generation ?? 0),
    ...validateLabels(meta.labels ?? {}),
    ...validateAnnotations(meta.annotations ?? {}),
    ...validateOwners(meta),
    ...validateFinalizers(meta.finalizers ?? []),
  ]);
}

/** A dash at the end is fine: what is generated goes on after it. */
function validateGenerateName(base: string, rule: NameRule): StatusCause[] {
  if (base === '') return [];
  const whole =
    rule !== 'path-segment' && base.length > 1 && base.endsWith('-') ? `${base.slice(0, -2)}a` : base;
  const problems = rule === 'path-segment' && /^\.{1,2}$/.test(base) ? [] : NAME_PROBLEMS[rule](whole);
  return problems.map((problem) => invalidValue('metadata.generateName', base, problem));
}

function validateGeneration(generation: number): StatusCause[] {
  if (generation >= 0) return [];
  return [invalidValue('metadata.generation', generation, 'must be greater than or equal to 0')];
}

function validateName(meta: ObjectMeta, problems: (name: string) => string[]): StatusCause[] {
  if (meta.name === '' || meta.name === undefined)
    return [requiredValue('metadata.name', 'name or generateName is required')];
  return problems(meta.name).map((problem) => invalidValue('metadata.name', meta.name, problem));
}

function validateNamespace(namespace: string, scope: 'Cluster' | 'Namespaced'): StatusCause[] {
  if (scope === 'Cluster')
    return namespace === '' ? [] : [forbidden('metadata.namespace', 'not allowed on this type')];
  if (namespace === '') return [requiredValue('metadata.namespace')];
  return dnsLabelProblems(namespace).map((problem) => invalidValue('metadata.namespace', namespace, problem));
}

function validateLabels(labels: Record<string, string>): StatusCause[] {
  const causes: StatusCause[] = [];
  for (const [key, value] of Object.entries(labels)) {
    for (const problem of qualifiedNameProblems(key))
      causes.push(invalidValue('metadata.labels', key, problem));
    for (const problem of labelValueProblems(value))
      causes.push(invalidValue('metadata.labels', value, problem));
  }
  return causes;
}

function validateAnnotations(annotations: Record<string, string>): StatusCause[] {
  const causes: StatusCause[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations)) {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
    for (const problem of qualifiedNameProblems(key.toLowerCase()))
      causes.push(invalidValue('metadata.annotations', key, problem));
  }
  if (bytes > MAX_ANNOTATION_BYTES)
    causes.push({
      reason: 'FieldValueTooLong',
      field: 'metadata.annotations',
      message: `Too long: may not be more than ${MAX_ANNOTATION_BYTES} bytes`,
    });
  return causes;
}

function validateOwners(meta: ObjectMeta): StatusCause[] {
  const at = 'metadata.ownerReferences';
  const owners = meta.ownerReferences ?? [];
  const causes: StatusCause[] = [];
  let first: string | undefined;
  for (const [index, owner] of owners.entries()) {
    causes.push(...validateOwner(owner, `${at}[${index}]`));
    if (owner.controller !== true) continue;
    const name = `${owner.kind ?? ''}/${owner.name ?? ''}`;
    const text = `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${name}`;
    if (first === undefined) first = name;
    else causes.push(invalidValue(at, owners, text));
  }
  return causes;
}

function validateOwner(owner: Partial<OwnerReference>, at: string): StatusCause[] {
  const { apiVersion = '', kind = '' } = owner;
  const causes: StatusCause[] = [];
  for (const field of ['apiVersion', 'kind', 'name', 'uid'] as const)
    if ((owner[field] ?? '') === '') causes.push(requiredValue(`${at}.${field}`, 'must not be empty'));
  if (apiVersion !== '' && !/^(?:[^/]*\/)?[^/]+$/.test(apiVersion))
    causes.push(invalidValue(`${at}.apiVersion`, apiVersion, 'must be <group>/<version> or <version>'));
  // They go after an hour, and would take everything with them.
  if (apiVersion === 'v1' && kind === 'Event')
    causes.push(invalidValue(at, owner, '/v1, Kind=Event is disallowed from being an owner'));
  return causes;
}

function validateFinalizers(finalizers: string[]): StatusCause[] {
  const at = 'metadata.finalizers';
  const causes: StatusCause[] = [];
  for (const finalizer of finalizers)
    for (const problem of qualifiedNameProblems(finalizer)) causes.push(invalidValue(at, finalizer, problem));
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion'))
    causes.push(invalidValue(at, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'));
  return causes;
}

/** Fields of ObjectMeta that a client may send, and what they must be. */
const META_FIELDS: Record<string, (value: unknown) => boolean> = {
  name: isString,
  namespace: isString,
  generateName: isString,
  displayName: isString,
  uid: isString,
  resourceVersion: isString,
  selfLink: isString,
  creationTimestamp: isTime,
  deletionTimestamp: isTime,
  generation: isInteger,
  deletionGracePeriodSeconds: isInteger,
  labels: isStringMap,
  annotations: isStringMap,
  ownerReferences: (value) => Array.isArray(value) && value.every(isOwnerReference),
  finalizers: (value) => Array.isArray(value) && value.every(isString),
  managedFields: Array.isArray,
};

export const META_FIELD_NAMES: readonly string[] = Object.keys(META_FIELDS);

export interface CoercedObjectMeta {
  metadata: ObjectMeta;
  /** Such as `metadata.zork`; for fieldValidation Strict and Warn. */
  unknownFields: string[];
  /** Fields of a wrong type; the metadata is not fit for anything while there are some. */
  causes: StatusCause[];
  /** The first of them as Go's decoder puts it. */
  misfit?: string;
}

/**
 * The metadata of a client as ObjectMeta: unknown fields and nulls are left out (apiextensions-apiserver
 * pkg/apiserver/schema/objectmeta).
 */
export function coerceObjectMeta(value: unknown): CoercedObjectMeta {
  const unknownFields: string[] = [];
  const causes: StatusCause[] = [];
  const metadata: ObjectMeta & Record<string, unknown> = { name: '' };
  let misfit: string | undefined;
  if (value !== undefined && value !== null && !isJsonObject(value)) {
    causes.push(invalidType('metadata', 'object', jsonType(value)));
    misfit = goMisfit('metadata', value);
  }
  for (const [name, given] of Object.entries(isJsonObject(value) ? value : {})) {
    const fits = Object.hasOwn(META_FIELDS, name) ? META_FIELDS[name] : undefined;
    const field = withoutNulls(name, given);
    if (fits === undefined) unknownFields.push(`metadata.${name}`);
    else if (field !== null && fits(field)) metadata[name] = field;
    else if (field !== null) {
      causes.push(wrongMetaType(name, field));
      misfit ??= goMisfit(name, field);
    }
  }
  return { metadata, unknownFields: unknownFields.sort(), causes, ...(misfit !== undefined && { misfit }) };
}

/** A null among texts is an empty one, and one among owners an owner that says nothing: so Go decodes them. */
function withoutNulls(name: string, value: unknown): unknown {
  if (name === 'labels' || name === 'annotations') {
    if (!isJsonObject(value) || !Object.values(value).includes(null)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, one ?? '']));
  }
  if (!Array.isArray(value) || !value.includes(null)) return value;
  const empty = name === 'finalizers' ? '' : {};
  return name === 'managedFields' ? value : value.map((one: unknown) => one ?? empty);
}

const GO_TYPES: Record<string, string> = {
  metadata: 'v1.ObjectMeta',
  generation: 'int64',
  deletionGracePeriodSeconds: 'int64',
  labels: 'map[string]string',
  annotations: 'map[string]string',
  ownerReferences: '[]v1.OwnerReference',
  finalizers: '[]string',
  managedFields: '[]v1.ManagedFieldsEntry',
};

/** What encoding/json says of the field; values are not quoted. */
function goMisfit(name: string, value: unknown): string {
  if (META_FIELDS[name] === isTime && isString(value))
    return `metadata.${name}: the time is not of the form "2006-01-02T15:04:05Z07:00"`;
  const inner = isJsonObject(value) ? Object.values(value) : Array.isArray(value) ? value : undefined;
  const isText = name === 'labels' || name === 'annotations' || name === 'finalizers';
  const wrong = isText ? inner?.find((one) => !isString(one)) : undefined;
  const type = wrong === undefined ? (GO_TYPES[name] ?? 'string') : 'string';
  const field = name === 'metadata' ? 'metadata' : `ObjectMeta.${name}`;
  return `json: cannot unmarshal ${goType(wrong ?? value)} into Go struct field ${field} of type ${type}`;
}

function goType(value: unknown): string {
  const type = jsonType(value);
  if (type === 'integer') return 'number';
  return type === 'boolean' ? 'bool' : type;
}

function wrongMetaType(name: string, value: unknown): StatusCause {
  const field = `metadata.${name}`;
  if ((name === 'labels' || name === 'annotations') && isJsonObject(value)) {
    const [key, wrong] = Object.entries(value).find(([, one]) => !isString(one)) ?? ['', undefined];
    return invalidType(`${field}.${key}`, 'string', jsonType(wrong));
  }
  const expected = {
    labels: 'object',
    annotations: 'object',
    generation: 'integer',
    deletionGracePeriodSeconds: 'integer',
  };
  const lists = ['ownerReferences', 'finalizers', 'managedFields'];
  const fallback = lists.includes(name) ? 'array' : 'string';
  return invalidType(
    field,
    Object.hasOwn(expected, name) ? expected[name as keyof typeof expected] : fallback,
    jsonType(value),
  );
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

/** RFC 3339, as Go reads it. */
function isTime(value: unknown): boolean {
  return isString(value) && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(value);
}

function isInteger(value: unknown): boolean {
  return Number.isInteger(value) || typeof value === 'bigint';
}

function isStringMap(value: unknown): boolean {
  return isJsonObject(value) && Object.values(value).every(isString);
}

const OWNER_STRINGS = ['apiVersion', 'kind', 'name', 'uid'];
const OWNER_BOOLEANS = ['controller', 'blockOwnerDeletion'];

function isOwnerReference(value: unknown): boolean {
  return (
    isJsonObject(value) &&
    OWNER_STRINGS.every((name) => value[name] === undefined || isString(value[name])) &&
    OWNER_BOOLEANS.every(
      (name) => value[name] === undefined || value[name] === null || typeof value[name] === 'boolean',
    )
  );
}
