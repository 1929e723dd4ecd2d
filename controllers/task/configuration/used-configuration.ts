import type { Client } from '#api/client/client';
import { objectKey } from '#api/machinery/meta';
import type { KubeObject } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import { conflict } from '#api/machinery/status-error';
import {
  BOTS,
  COLLABORATIONS,
  GHOSTS,
  MCP_SERVERS,
  MODELS,
  SHELLS,
  SKILLS,
  TEAMS,
  WORKSPACES,
} from '#api/types/resources';
import type { Reference } from '../revision/revision.ts';
import { within } from './resolve.ts';
import type { Configuration, ObjectName } from './resolve.ts';

/** A Configuration that knows what was taken from it. */
export interface UsedConfiguration extends Configuration {
  /** All that was taken so far. */
  used(): readonly UsedObject[];
  /**
   * Each kind has a watch of its own, so a Task may be seen before the change of a Ghost that was made ahead of
   * it. Asks the server whether everything taken is as it was. @throws StatusError Conflict (try again quietly).
   */
  requireCurrent(client: Pick<Client, 'find'>): Promise<void>;
}

export interface UsedObject {
  type: ResourceType;
  name: ObjectName;
}

/** The objects that references in `namespace` mean. */
export const usedFrom =
  (namespace: string) =>
  (type: ResourceType, ref: Reference | undefined): UsedObject[] =>
    ref === undefined ? [] : [{ type, name: within(namespace, ref) }];

interface Used extends UsedObject {
  object: KubeObject;
}

export function usedConfiguration(from: Configuration): UsedConfiguration {
  const used = new Map<string, Used>();
  const noting =
    <T extends KubeObject>(type: ResourceType<T>, find: (name: ObjectName) => T | undefined) =>
    (name: ObjectName): T | undefined => {
      const object = find(name);
      const key = `${type.plural}:${objectKey(name)}`;
      if (object !== undefined) used.set(key, { type, name, object });
      return object;
    };
  return {
    collaboration: noting(COLLABORATIONS, (name) => from.collaboration(name)),
    team: noting(TEAMS, (name) => from.team(name)),
    bot: noting(BOTS, (name) => from.bot(name)),
    ghost: noting(GHOSTS, (name) => from.ghost(name)),
    shell: noting(SHELLS, (name) => from.shell(name)),
    model: noting(MODELS, (name) => from.model(name)),
    skill: noting(SKILLS, (name) => from.skill(name)),
    mcpServer: noting(MCP_SERVERS, (name) => from.mcpServer(name)),
    workspace: noting(WORKSPACES, (name) => from.workspace(name)),
    used: () => [...used.values()],
    async requireCurrent(client) {
      // One after the other: side by side, each would open a connection of its own.
      for (const one of used.values()) await requireSame(client, one);
    },
  };
}

/** The generation counts changes of the spec, which is all that is taken over but for the content of Skills. */
async function requireSame(client: Pick<Client, 'find'>, { type, name, object }: Used): Promise<void> {
  const found = await client.find(type, name);
  const { uid, generation } = object.metadata;
  const isSame = found?.metadata.uid === uid && found?.metadata.generation === generation;
  if (isSame && found !== undefined && contentOf(found) === contentOf(object)) return;
  throw conflict(type, name.name, 'the cache lags behind');
}

const contentOf = ({ status }: KubeObject & { status?: { contentHash?: string } }): string | undefined =>
  status?.contentHash;
