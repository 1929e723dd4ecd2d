import { conflict } from '../machinery/status-error.ts';
import type { RegistryContext } from './context.ts';
import { storageResource, type Target } from './resource.ts';
import { stored } from './storage-failure.ts';

/**
 * A namespace goes only when nothing is left in it: taking its content along needs the namespace controller,
 * which is still to come, and leaving the content behind would make it unreachable.
 * @throws StatusError Conflict naming what is left
 */
export async function emptyNamespace(context: RegistryContext, target: Target): Promise<void> {
  const left: string[] = [];
  for (const resource of context.catalog.current()) {
    const name = storageResource(resource);
    // What happened is of no use without the objects it happened to; it goes by its age.
    if (resource.scope === 'Cluster' || name === 'events') continue;
    const query = { resource: name, namespace: target.name };
    const { items } = await stored(context.store.list(query), { resource });
    if (items.length > 0) left.push(`${items.length} ${name}`);
  }
  if (left.length === 0) return;
  throw conflict(
    target.resource,
    target.name,
    `the namespace is not empty; delete its content first: ${left.join(', ')}`,
  );
}
