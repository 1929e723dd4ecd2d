import type { KubeObject } from '#api/machinery/meta';
import { isStatusError } from '#api/machinery/status-error';
import type { ResourceType } from '#api/machinery/resource-type';
import type { Client } from '#api/client/client';
import { effectiveTeam } from '#controllers/task/configuration/effective-team';
import type { EffectiveTeam } from '#controllers/task/configuration/effective-team';

interface Place {
  namespace: string;
  name: string;
}

/** Objects that were read from the server, each once. */
export type ReadObjects = Map<string, KubeObject | undefined>;

/** The key of an object among those read, and among those that would be other ones. */
export const keyOf = ({ plural }: ResourceType, { namespace, name }: Partial<Place>): string =>
  `${plural}/${namespace ?? ''}/${name ?? ''}`;

export interface EffectiveOptions {
  client: Pick<Client, 'find'>;
  read: ReadObjects;
  /** Objects as they would be. */
  changed?: ReadonlyMap<string, KubeObject>;
}

/**
 * The configuration that the next Task of a Team would run with. The resolving is pure and follows references; it is done again until all
 * that it asked for was read. An object that the user may not read counts as absent, and the answer says so.
 */
export async function readEffective(team: Place, options: EffectiveOptions): Promise<EffectiveTeam> {
  const { client, read, changed = new Map<string, KubeObject>() } = options;
  const forbidden = new Set<string>();
  for (;;) {
    const missing = new Map<string, { type: ResourceType; name: Place }>();
    const answer = effectiveTeam(team, <T extends KubeObject>(type: ResourceType<T>, name: Place) => {
      const key = keyOf(type, name);
      const object = changed.get(key) ?? read.get(key);
      if (object === undefined && !read.has(key)) missing.set(key, { type, name });
      // The type says of which kind it is: it was read as one of that.
      return object as T | undefined;
    });
    if (missing.size === 0) return told(answer, forbidden);
    for (const [key, { type, name }] of missing) {
      read.set(key, await findReadable(client, { type, name }, () => forbidden.add(key)));
    }
  }
}

async function findReadable(
  client: Pick<Client, 'find'>,
  { type, name }: { type: ResourceType; name: Place },
  onForbidden: () => void,
): Promise<KubeObject | undefined> {
  try {
    return await client.find(type, name);
  } catch (error) {
    if (!isStatusError(error, 'Forbidden')) throw error;
    onForbidden();
    return undefined;
  }
}

function told(answer: EffectiveTeam, forbidden: ReadonlySet<string>): EffectiveTeam {
  if (!('problem' in answer) || forbidden.size === 0) return answer;
  return { problem: `${answer.problem} You may not read: ${[...forbidden].join(', ')}.` };
}
