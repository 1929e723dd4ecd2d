import { formatTime } from '../../machinery/clock.ts';
import { parseApiVersion } from '../../machinery/group-version-kind.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { invalid } from '../../machinery/status-error.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { forbidden, invalidValue, requiredValue, tooLong } from '../../structural-schema/field-error.ts';
import type { ManagedWrite } from '../../structured-merge/field-manager.ts';
import { compileMergeSchema } from '../../structured-merge/merge-schema.ts';
import type { MergeSchema } from '../../structured-merge/merge-schema.ts';
import type { RegistryContext } from '../context.ts';
import type { PatchRequest, Subresource, WriteOptions } from '../requests.ts';
import type { Resource } from '../resource.ts';

/** Bytes (apimachinery meta/v1/validation). */
const MAX_MANAGER = 128;
/** Go's unicode.IsPrint. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

const META_GROUP = 'meta.k8s.io';

/** @throws StatusError Invalid when the manager that a create or update names is too long or not printable */
export function checkFieldManager(kind: 'CreateOptions' | 'UpdateOptions', options: WriteOptions): void {
  const causes = managerProblems(options.fieldManager ?? '');
  if (causes.length > 0) throw invalid({ group: META_GROUP, kind }, '', causes);
}

/** ValidatePatchOptions: an apply names its manager, and only an apply can be forced. */
export function checkPatchOptions({ type, force, fieldManager = '' }: PatchRequest): void {
  const causes: StatusCause[] = [];
  if (type === 'apply' && fieldManager === '') {
    causes.push(requiredValue('fieldManager', 'is required for apply patch'));
  }
  if (type !== 'apply' && force !== undefined) {
    causes.push(forbidden('force', 'may not be specified for non-apply patch'));
  }
  causes.push(...managerProblems(fieldManager));
  if (causes.length > 0) throw invalid({ group: META_GROUP, kind: 'PatchOptions' }, '', causes);
}

function managerProblems(manager: string): StatusCause[] {
  // A longer name has nothing more to tell, and each of its characters could be a cause.
  if (Buffer.byteLength(manager) > MAX_MANAGER) return [tooLong('fieldManager', MAX_MANAGER)];
  const causes: StatusCause[] = [];
  let position = 0;
  for (const character of manager) {
    if (!PRINTABLE.test(character)) {
      const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
      const detail = `invalid character U+${code} (at position ${position})`;
      causes.push(invalidValue('fieldManager', manager, detail));
    }
    position += Buffer.byteLength(character);
  }
  return causes;
}

/** As the client named it, else its program (endpoints/handlers/create.go managerOrUserAgent). */
export function managerOf({ fieldManager = '', userAgent = '' }: WriteOptions): string {
  if (fieldManager !== '') return fieldManager;
  return printablePrefix(userAgent.split('/', 1)[0] ?? '') || 'unknown';
}

function printablePrefix(program: string): string {
  let result = '';
  let bytes = 0;
  for (const character of program) {
    if (!PRINTABLE.test(character)) continue;
    bytes += Buffer.byteLength(character);
    if (bytes > MAX_MANAGER) break;
    result += character;
  }
  return result;
}

const compiled = new WeakMap<Resource, MergeSchema>();

function mergeSchemaOf(resource: Resource): MergeSchema {
  const found = compiled.get(resource);
  if (found !== undefined) return found;
  const schema = compileMergeSchema(resource.schema);
  compiled.set(resource, schema);
  return schema;
}

export interface ManagedRequest {
  resource: Resource;
  subresource: Subresource | undefined;
  options: WriteOptions;
  live: Unstructured | undefined;
}

/** A write as api/structured-merge sees it. */
export function managedWrite(context: RegistryContext, request: ManagedRequest): ManagedWrite {
  const { resource, subresource, live, options } = request;
  return {
    live,
    manager: managerOf(options),
    subresource: subresource ?? '',
    time: formatTime(context.clock.now()),
    schema: mergeSchemaOf(resource),
    schemaOf: (apiVersion) => schemaOf(context, resource, apiVersion),
    resetFields: resetFields(resource, subresource),
  };
}

function schemaOf(context: RegistryContext, resource: Resource, apiVersion: string): MergeSchema | undefined {
  const { group, version } = parseApiVersion(apiVersion);
  if (group !== resource.group) return undefined;
  if (version === resource.version) return mergeSchemaOf(resource);
  const found = context.catalog.find({ group, version, plural: resource.plural });
  return found && mergeSchemaOf(found);
}

const MAIN_RESET: readonly string[] = ['status'];
const STATUS_RESET: readonly string[] = ['metadata', 'spec'];
const NO_RESET: readonly string[] = [];

/** What such a write may not change and so never owns (apiextensions customresource GetResetFields). */
function resetFields(resource: Resource, subresource: Subresource | undefined): readonly string[] {
  if (subresource === 'status') return STATUS_RESET;
  if (subresource === undefined && resource.hasStatus) return MAIN_RESET;
  return NO_RESET;
}
