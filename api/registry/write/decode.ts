import { formatApiVersion } from '../../machinery/group-version-kind.ts';
import type { ObjectMeta, Unstructured } from '../../machinery/meta.ts';
import { abridged, badRequest, invalid } from '../../machinery/status-error.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import { invalidValue } from '../../structural-schema/field-error.ts';
import { coerceObjectMeta } from '../../schema/object-meta.ts';
import { strategyOf } from '../strategies/strategies.ts';
import { withoutDuplicateOwners } from './owner-references.ts';
import type { FieldValidation } from '../requests.ts';
import type { Resource } from '../resource.ts';

/** A body as an object of its kind: known fields only, defaults in place, metadata of the right types. */
export interface Decoded {
  object: Unstructured;
  warnings: string[];
}

/** What is judged by `fieldValidation`, and how the fields that fail it are called. */
export interface DecodeOptions {
  fieldValidation: FieldValidation;
  duplicateFields?: readonly string[];
  /** It is what a patch made, not a body. */
  isPatched?: boolean;
}

/** @throws StatusError BadRequest or Invalid, naming what does not fit */
export function decodeObject(resource: Resource, body: unknown, options: DecodeOptions): Decoded {
  const typed = withTypeMeta(resource, body, options);
  const { metadata: coerced, unknownFields: unknownMeta, misfit } = coerceObjectMeta(typed['metadata']);
  if (misfit !== undefined) throw unreadable(resource, misfit, options);
  const { metadata, warnings: ofOwners } = withoutDuplicateOwners(withoutEmpty(coerced));
  const pruned = resource.compiled.prune({ ...typed, metadata });
  const defaulted = resource.compiled.applyDefaults(pruned.object);
  const strategy = strategyOf(resource);
  const hidden = strategy.findUnknownFields?.(defaulted, resource) ?? [];
  const problems = strictProblems([...pruned.unknownFields, ...hidden, ...unknownMeta], options);
  const ofFields = judgeFields(resource, problems, options);
  const object = strategy.applyDefaults?.(defaulted) ?? defaulted;
  return { object, warnings: [...ofFields, ...ofOwners] };
}

/** The fields that Go leaves out when they are empty (omitempty), so that nobody comes to own them. */
const OMITTED: ReadonlySet<string> = new Set([
  'generateName',
  'displayName',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
]);

function withoutEmpty(metadata: ObjectMeta): ObjectMeta {
  const isKept = ([name, value]: [string, unknown]): boolean => !OMITTED.has(name) || !isEmpty(value);
  return Object.fromEntries(Object.entries(metadata).filter(isKept)) as unknown as ObjectMeta;
}

function isEmpty(value: unknown): boolean {
  return value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}

/** Of a body with thousands of them, the first tell enough. */
const MAX_SHOWN = 100;

/** The words of strict decoding about a body; empty for Ignore. */
export function strictProblems(
  unknown: readonly string[],
  options: Pick<DecodeOptions, 'duplicateFields' | 'fieldValidation'>,
): string[] {
  if (options.fieldValidation === 'Ignore') return [];
  const duplicates = options.duplicateFields ?? [];
  return [
    ...duplicates.slice(0, MAX_SHOWN).map((field) => `duplicate field "${abridged(field)}"`),
    ...unknown.slice(0, MAX_SHOWN).map((field) => `unknown field "${abridged(field)}"`),
  ];
}

/** @throws StatusError for fieldValidation Strict when there are problems */
function judgeFields(resource: Resource, problems: string[], options: DecodeOptions): string[] {
  if (problems.length === 0 || options.fieldValidation !== 'Strict') return problems;
  throw unreadable(resource, `strict decoding error: ${problems.join(', ')}`, options);
}

/** What cannot be read as an object of the kind: a body, or what a patch made. */
function unreadable(resource: Resource, why: string, { isPatched }: DecodeOptions): StatusError {
  if (isPatched === true) return patchFailure(why);
  const { kind, version } = resource;
  return badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`);
}

/** endpoints/handlers/patch.go; in place of the object, which may hold a credential, there is an ellipsis. */
function patchFailure(text: string): StatusError {
  return invalid({ group: '', kind: '' }, '', [invalidValue('patch', '{…}', text)]);
}

function withTypeMeta(
  resource: Resource,
  body: unknown,
  options: DecodeOptions,
): Record<string, unknown> & Unstructured {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${resource.kind}): couldn't get version/kind; the body is no JSON object`,
    );
  }
  const wanted = formatApiVersion(resource);
  const { kind, apiVersion, metadata } = body as Record<string, unknown>;
  if (!resource.builtIn && (kind ?? '') === '') {
    // kube-apiserver quotes the body here; it may hold a credential, and messages end up in logs.
    if (options.isPatched === true) throw patchFailure("Object 'Kind' is missing");
    throw badRequest("Object 'Kind' is missing in the body");
  }
  if (kind !== undefined && kind !== null && typeof kind !== 'string') {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${resource.kind}): couldn't get version/kind; json parse error: the kind is no string`,
    );
  }
  if (!isAbsent(apiVersion, resource) && apiVersion !== wanted) {
    throw badRequest(
      `the API version in the data (${printed(apiVersion)}) does not match the expected API version (${wanted})`,
    );
  }
  if (!isAbsent(kind, resource) && kind !== resource.kind) {
    if (resource.builtIn) {
      const why = `no kind ${JSON.stringify(printed(kind))} is registered for version "${wanted}"`;
      throw unreadable(resource, why, options);
    }
    const name = (metadata as { name?: unknown } | null | undefined)?.name;
    throw invalid(resource, typeof name === 'string' ? name : '', [
      invalidValue('kind', kind, `must be ${resource.kind}`),
    ]);
  }
  const fields = resource.builtIn ? withoutEmptyParts(body) : body;
  return { ...fields, apiVersion: wanted, kind: resource.kind, metadata: metadata as ObjectMeta };
}

/** Typed clients send `spec: {}` and `status: {}` for what is not set (Go's omitempty keeps structs); nobody owns those. */
function withoutEmptyParts(body: object): object {
  const { spec, status, ...rest } = body as Record<string, unknown>;
  return {
    ...rest,
    ...(spec === undefined || isEmpty(spec) ? {} : { spec }),
    ...(status === undefined || isEmpty(status) ? {} : { status }),
  };
}

/** Built-in kinds take their kind and version from the URL when the body has none. */
const isAbsent = (value: unknown, resource: Resource): boolean =>
  resource.builtIn && (value === undefined || value === null || value === '');

const printed = (value: unknown): string =>
  abridged(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
