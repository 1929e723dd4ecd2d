import { describeError } from '../../machinery/logger.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { isStatusError, StatusError } from '../../machinery/status-error.ts';
import { API_SERVER_USER } from '../../machinery/users/user.ts';
import { deepEqual } from '../../machinery/json/deep-equal.ts';
import { loadOwnCrds } from '../../schema/load-crds.ts';
import { StorageError } from '../../storage/contract/storage-error.ts';
import type { ObjectStore } from '../../storage/contract/objects.ts';
import { decodeObject } from '../write/decode.ts';
import type { Registry } from '../registry.ts';
import { isCustomResourceDefinition, storageKey } from '../resource.ts';
import type { Resource } from '../resource.ts';

export interface MirrorOptions {
  registry: Registry;
  store: ObjectStore;
  logger: Logger;
}

/**
 * Shows the program's own kinds as CustomResourceDefinition objects: made where they are missing, their spec brought
 * up to the program's. Several replicas may do so at once.
 */
export async function mirrorOwnKinds(options: MirrorOptions): Promise<void> {
  const resource = options.registry.catalog.current().find(isCustomResourceDefinition);
  if (resource === undefined) return;
  for (const crd of loadOwnCrds()) {
    try {
      await mirror(options, resource, crd as unknown as Unstructured);
    } catch (error) {
      if (!(error instanceof StatusError) || error.code >= 500) throw error;
      // Its kind is served all the same.
      const name = crd.metadata.name;
      options.logger.error('a CustomResourceDefinition of ours is refused', {
        name,
        error: describeError(error),
      });
    }
  }
}

const write = {
  user: API_SERVER_USER,
  dryRun: false,
  fieldValidation: 'Ignore',
  fieldManager: 'troupe-api',
} as const;

async function mirror(
  { registry, store }: MirrorOptions,
  resource: Resource,
  crd: Unstructured,
): Promise<void> {
  // As it would be stored, defaults in place.
  const wanted = decodeObject(resource, crd, write).object;
  const key = storageKey({ resource, namespace: '', name: crd.metadata.name });
  for (;;) {
    const current = await store.get(key);
    if (current === undefined) {
      await create(registry, resource, crd);
      return;
    }
    const { object, revision: expectedRevision } = current;
    if (deepEqual(object['spec'], wanted['spec'])) return;
    const metadata = { ...object.metadata, generation: (object.metadata.generation ?? 0) + 1 };
    const next = { ...object, metadata, spec: wanted['spec'] };
    try {
      // Not as a client: clients may not change these.
      await store.commit({ op: 'update', key, object: next, expectedRevision });
      return;
    } catch (error) {
      const lost = error instanceof StorageError && (error.code === 'Conflict' || error.code === 'NotFound');
      if (!lost) throw error;
    }
  }
}

async function create(registry: Registry, resource: Resource, body: Unstructured): Promise<void> {
  try {
    await registry.create({ resource, namespace: '', body, ...write });
  } catch (error) {
    if (!isStatusError(error, 'AlreadyExists')) throw error;
  }
}
