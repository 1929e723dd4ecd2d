import { isStatusError, notFound } from '../../machinery/status-error.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import type { User } from '../../machinery/users/user.ts';
import { referencesOf } from '../../registry/references/references.ts';
import type { ReferredObject } from '../../registry/references/references.ts';
import type { Registry } from '../../registry/registry.ts';
import { storageResource } from '../../registry/resource.ts';
import type { Resource } from '../../registry/resource.ts';
import { PUBLIC_NAMESPACE } from '../../types/shells/shell.ts';

/** Resources that must be there before others name them: clients of existing installations rely on that. */
const NEEDED: ReadonlyMap<string, readonly string[]> = new Map([
  ['bots', ['ghosts', 'shells']],
  ['teams', ['bots']],
  ['tasks', ['teams', 'workspaces']],
]);

/** A Shell of the namespace, or the public one of that name. */
const PUBLIC: ReadonlySet<string> = new Set(['ghosts', 'models', 'shells']);

export interface WrittenObject {
  resource: Resource;
  namespace: string;
  object: Unstructured;
  user: User;
}

/**
 * The API proper takes references to objects that come later; these paths do not. Whether the user may use what is
 * named is judged when the object is written, before this looks.
 * @throws StatusError NotFound for the first that is missing
 */
export async function checkReferences(
  registry: Pick<Registry, 'catalog' | 'get'>,
  { resource, namespace, object, user }: WrittenObject,
): Promise<void> {
  const needed = NEEDED.get(resource.plural) ?? [];
  for (const { to } of referencesOf(storageResource(resource), namespace, object)) {
    if (!needed.includes(to.plural)) continue;
    const places = PUBLIC.has(to.plural) ? [to.namespace, PUBLIC_NAMESPACE] : [to.namespace];
    const found = await Promise.all(
      places.map((place) => exists(registry, { ...to, namespace: place }, user)),
    );
    if (!found.includes(true)) throw notFound(to, to.name);
  }
}

async function exists(
  registry: Pick<Registry, 'catalog' | 'get'>,
  { group, version, plural, namespace, name }: ReferredObject,
  user: User,
): Promise<boolean> {
  const resource = registry.catalog.find({ group, version, plural });
  if (resource === undefined) return false;
  try {
    await registry.get({ target: { resource, namespace, name }, user });
    return true;
  } catch (error) {
    if (isStatusError(error, 'NotFound')) return false;
    throw error;
  }
}
