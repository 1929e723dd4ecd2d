import type { Unstructured } from '../machinery/meta.ts';
import { StatusError } from '../machinery/status-error.ts';
import type { ScalePaths } from '../schema/resource-definition.ts';
import { fieldsOf } from './admission/rules.ts';

/** The Scale of an object and back (apiextensions-apiserver pkg/registry/customresource/etcd.go). */

const segments = (path: string): string[] => path.replace(/^\./, '').split('.');

/** What is at a path such as `.spec.replicas`; undefined where nothing is. */
function valueAt(object: Unstructured, path: string): unknown {
  let at: unknown = object;
  for (const name of segments(path)) {
    const fields = fieldsOf(at);
    at = Object.hasOwn(fields, name) ? fields[name] : undefined;
  }
  return at;
}

function integerAt(object: Unstructured, path: string): number | undefined {
  const value = valueAt(object, path) ?? undefined;
  if (value === undefined || (typeof value === 'number' && Number.isInteger(value))) return value;
  throw new StatusError('BadRequest', `${path} accessor error: the value is not an integer`);
}

function textAt(object: Unstructured, path: string): string {
  const value = valueAt(object, path) ?? '';
  if (typeof value === 'string') return value;
  throw new StatusError('BadRequest', `${path} accessor error: the value is not a text`);
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
