import { fieldsOf, isJsonObject } from '../../machinery/json/json.ts';
import { TROUPE_GROUP } from '../../machinery/group-version-kind.ts';
import { isStatusError, notFound } from '../../machinery/status-error.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import type { User } from '../../machinery/user.ts';
import type { Registry } from '../../registry/registry.ts';

/** An object that another one names. */
interface Reference {
  plural: string;
  namespace: string;
  name: string;
}

/** Where the kinds name others; clients of existing installations rely on that these must be there first. */
const REFERENCES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Bot: { ghostRef: 'ghosts', shellRef: 'shells' },
  Task: { teamRef: 'teams', workspaceRef: 'workspaces' },
};

function referencesOf({ kind, spec }: Unstructured, namespace: string): Reference[] {
  const fields = fieldsOf(spec);
  const named = (plural: string, reference: unknown): Reference[] => {
    if (!isJsonObject(reference)) return [];
    const { name, namespace: where } = reference;
    if (typeof name !== 'string') return [];
    return [{ plural, name, namespace: typeof where === 'string' && where !== '' ? where : namespace }];
  };
  const { members } = fields;
  const bots = kind === 'Team' && Array.isArray(members) ? members : [];
  return [
    ...Object.entries(REFERENCES[kind] ?? {}).flatMap(([field, plural]) => named(plural, fields[field])),
    ...bots.flatMap((member) => named('bots', fieldsOf(member)['botRef'])),
  ];
}

/** A Shell of the namespace, or the public one of that name. */
const PUBLIC: ReadonlySet<string> = new Set(['ghosts', 'models', 'shells']);

/**
 * The API proper takes references to objects that come later; these paths do not. Whether the user may use what is
 * named is judged when the object is written, before this looks.
 * @throws StatusError NotFound for the first that is missing
 */
export async function checkReferences(
  registry: Pick<Registry, 'catalog' | 'get'>,
  { object, namespace, user }: { object: Unstructured; namespace: string; user: User },
): Promise<void> {
  for (const reference of referencesOf(object, namespace)) {
    const places = PUBLIC.has(reference.plural) ? [reference.namespace, 'system'] : [reference.namespace];
    const found = await Promise.all(
      places.map((place) => exists(registry, { ...reference, namespace: place }, user)),
    );
    if (!found.includes(true))
      throw notFound({ group: TROUPE_GROUP, plural: reference.plural }, reference.name);
  }
}

async function exists(
  registry: Pick<Registry, 'catalog' | 'get'>,
  { plural, namespace, name }: Reference,
  user: User,
): Promise<boolean> {
  const resource = registry.catalog.find({ group: TROUPE_GROUP, version: 'v1', plural });
  if (resource === undefined) return false;
  try {
    await registry.get({ target: { resource, namespace, name }, user });
    return true;
  } catch (error) {
    if (isStatusError(error, 'NotFound')) return false;
    throw error;
  }
}
