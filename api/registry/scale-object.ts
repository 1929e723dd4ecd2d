import type { Unstructured } from '../machinery/meta.ts';
import { badRequest } from '../machinery/status-error.ts';
import type { StatusCause } from '../machinery/status-error.ts';
import { invalidValue } from '../structural-schema/field-error.ts';
import type { ScalePaths } from '../schema/resource-definition.ts';
import { fieldsOf } from '../machinery/json/json.ts';

/** The Scale of an object and back (apiextensions-apiserver pkg/registry/customresource/etcd.go). */

export const MAX_INT32 = 2 ** 31 - 1;

const segments = (path: string): string[] => path.replace(/^\./, '').split('.');

/** What is at a path such as `.spec.replicas`; undefined where nothing is. */
function valueAt(object: Unstructured, path: string): unknown {
  let at: unknown = object;
  for (const name of segments(path)) {
    const fields = fieldsOf(at);
    at = Object.hasOwn(fields, name) ? fields[name] : undefined;
  }
  return at ?? undefined;
}

const isWhole = (value: unknown): value is bigint | number =>
  typeof value === 'bigint' || Number.isInteger(value);

/** What is wrong with the fields that a Scale shows (customresource/validator.go). */
export function scaleProblems(object: Unstructured, paths: ScalePaths): StatusCause[] {
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = paths;
  const selector = labelSelectorPath === undefined ? undefined : valueAt(object, labelSelectorPath);
  return [
    ...replicasProblems(object, specReplicasPath),
    ...replicasProblems(object, statusReplicasPath),
    ...(labelSelectorPath === undefined || selector === undefined || typeof selector === 'string'
      ? []
      : [invalidValue(labelSelectorPath, '', `${labelSelectorPath} accessor error: expected string`)]),
  ];
}

function replicasProblems(object: Unstructured, path: string): StatusCause[] {
  const value = valueAt(object, path);
  if (value === undefined) return [];
  if (!isWhole(value)) return [invalidValue(path, 0, `${path} accessor error: expected int64`)];
  if (value < 0) return [invalidValue(path, value, 'should be a non-negative integer')];
  if (value <= MAX_INT32) return [];
  return [invalidValue(path, value, `should be less than or equal to ${MAX_INT32}`)];
}

/** `autoscaling/v1` Scale; `spec.replicas` is absent where the object has none. */
export function scaleOf(object: Unstructured, paths: ScalePaths): Unstructured {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = integerAt(object, paths.specReplicasPath);
  const selector = paths.labelSelectorPath === undefined ? '' : textAt(object, paths.labelSelectorPath);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
      ...(creationTimestamp !== undefined && { creationTimestamp }),
    },
    spec: replicas === undefined ? {} : { replicas },
    status: {
      replicas: integerAt(object, paths.statusReplicasPath) ?? 0,
      ...(selector !== '' && { selector }),
    },
  };
}

function integerAt(object: Unstructured, path: string): number | undefined {
  const value = valueAt(object, path);
  if (value === undefined || isWhole(value)) return value === undefined ? undefined : Number(value);
  throw badRequest(`${path} accessor error: the value is not of the type int64`);
}

function textAt(object: Unstructured, path: string): string {
  const value = valueAt(object, path) ?? '';
  if (typeof value === 'string') return value;
  throw badRequest(`${path} accessor error: the value is not of the type string`);
}

/** The object with this number of replicas; what is not on the way there is shared with the one before. */
export function withReplicas(object: Unstructured, paths: ScalePaths, replicas: number): Unstructured {
  return withValue(object, segments(paths.specReplicasPath), replicas) as Unstructured;
}

function withValue(
  object: Readonly<Record<string, unknown>>,
  [name = '', ...rest]: readonly string[],
  value: unknown,
): Record<string, unknown> {
  const inner = rest.length === 0 ? value : withValue(fieldsOf(object[name]), rest, value);
  return { ...object, [name]: inner };
}

/**
 * Whether somebody manages the replicas. Where nobody does, a Scale has no managers, and an update of an object
 * without managers starts none (managedfields skipnonapplied.go).
 */
export function isScaleManaged(paths: ScalePaths | undefined, { metadata }: Unstructured): boolean {
  if (paths === undefined) return false;
  const steps = segments(paths.specReplicasPath);
  return (metadata.managedFields ?? []).some((entry) => {
    let fields: unknown = fieldsOf(entry)['fieldsV1'];
    for (const step of steps) fields = fieldsOf(fields)[`f:${step}`];
    return fields !== undefined;
  });
}
