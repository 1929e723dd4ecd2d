import { fieldsOf, isJsonObject } from '../../machinery/json/json.ts';
import type { JsonObject } from '../../machinery/json/json.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { badRequest } from '../../machinery/status-error.ts';
import type { Registry } from '../../registry/registry.ts';
import type { WriteOptions, WriteResult } from '../../registry/requests.ts';
import type { Resource, Target } from '../../registry/resource.ts';
import { retryOnConflict } from '../../registry/write/retry-on-conflict.ts';
import { withTaskDefaults } from './task-defaults.ts';

/** Clients of these paths know nothing of these fields, and would remove them with every write. */
const KEPT = ['annotations', 'finalizers', 'ownerReferences'] as const;

export interface Manifest {
  object: Unstructured;
  name: string;
}

/**
 * A manifest of a kind, as it came, but for the limits of Tasks. The namespace is that of the path, whatever it says.
 * @throws StatusError BadRequest
 */
export function readManifest(body: unknown, resource: Resource, namespace: string): Manifest {
  if (!isJsonObject(body)) throw badRequest('expected a manifest with kind, metadata and spec');
  const { apiVersion = `${resource.group}/${resource.version}`, kind = resource.kind } = body;
  if (kind !== resource.kind) throw badRequest(`kind must be ${resource.kind}`);
  if (!isJsonObject(body['metadata'])) throw badRequest('metadata is missing');
  const { name } = body['metadata'];
  if (typeof name !== 'string' || name === '') throw badRequest('metadata.name is missing');
  const metadata = { ...body['metadata'], name, namespace };
  const object = withTaskDefaults(resource, { ...body, apiVersion, kind, metadata });
  return { object: object as Unstructured, name };
}

export interface Replacement extends WriteOptions {
  target: Target;
  object: Unstructured;
}

/**
 * Writes the whole object, whoever has changed it before: these clients send no resourceVersion. One that does is
 * held to it. @throws StatusError NotFound, Conflict, and those of an update
 */
export async function replaceObject(
  registry: Pick<Registry, 'get' | 'update'>,
  { target, object, ...options }: Replacement,
): Promise<WriteResult> {
  const replace = async (): Promise<WriteResult> => {
    const { object: current } = await registry.get({ target, user: options.user });
    return await registry.update({ ...options, target, body: over(current, object) });
  };
  return object.metadata.resourceVersion === undefined ? await retryOnConflict(replace) : await replace();
}

function over(current: Unstructured, object: Unstructured): JsonObject {
  const before = fieldsOf(current.metadata);
  const kept = Object.fromEntries(
    KEPT.flatMap((field) => (before[field] === undefined ? [] : [[field, before[field]]])),
  );
  const { resourceVersion } = current.metadata;
  return { ...object, metadata: { ...kept, resourceVersion, ...object.metadata } };
}
