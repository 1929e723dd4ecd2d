import { notFound } from '../../machinery/status-error.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import type { StoredObject } from '../../storage/contract/objects.ts';
import type { RegistryContext } from '../context.ts';
import { presented } from '../reading/presented.ts';
import { storageKey } from '../resource.ts';
import type { Target } from '../resource.ts';
import { translated } from '../storage-failure.ts';

/** What a write begins with. */
export interface Current {
  stored: StoredObject;
  /** As the version of the request shows it. */
  object: Unstructured;
}

export async function findCurrent(context: RegistryContext, target: Target): Promise<Current | undefined> {
  const { resource, name } = target;
  const found = await translated(context.store.get(storageKey(target)), { resource, name });
  return found && { stored: found, object: presented(resource, found).object };
}

/** The newest state. @throws StatusError NotFound */
export async function currentObject(context: RegistryContext, target: Target): Promise<Current> {
  const current = await findCurrent(context, target);
  if (current === undefined) throw notFound(target.resource, target.name);
  return current;
}
