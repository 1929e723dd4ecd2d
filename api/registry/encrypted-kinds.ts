import type { ResourceDefinition } from '../schema/resource-definition.ts';
import { INTERNAL_RESOURCES } from './internal-resources.ts';

/** Their specs carry credentials. */
const DEFAULT_KINDS = [
  'secrets',
  'models.agent.wecode.io',
  'ghosts.agent.wecode.io',
  'mcpservers.agent.wecode.io',
];

/**
 * Which resources of the store to encrypt; what the server stores for itself comes with any of them. A kind without a group is one that is known here; one with a group may be
 * defined later. `none` alone: no kind.
 * @throws Error, for a person, where a name is none: it would leave unencrypted what was to be encrypted
 */
export function encryptedKinds(
  names: readonly string[] | undefined,
  known: readonly Pick<ResourceDefinition, 'group' | 'plural'>[],
): Set<string> {
  if (names?.length === 1 && names[0] === 'none') return new Set();
  const chosen = names?.map((name) => storedName(name, known)) ?? DEFAULT_KINDS;
  return new Set([...chosen, ...Object.values(INTERNAL_RESOURCES)]);
}

function storedName(name: string, known: readonly Pick<ResourceDefinition, 'group' | 'plural'>[]): string {
  if (/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/.test(name)) return name;
  const found = known.filter(({ plural }) => plural === name);
  const [one] = found;
  if (one !== undefined && found.length === 1)
    return one.group === '' ? one.plural : `${one.plural}.${one.group}`;
  throw new Error(
    `no kind to encrypt is called ${JSON.stringify(name)}: give its plural name, such as secrets or PLURAL.GROUP`,
  );
}
