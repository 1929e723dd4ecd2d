import type { KubeObject } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import type { Task } from '#api/types/generated/task';
import type { Team } from '#api/types/generated/team';
import type { Workspace } from '#api/types/generated/workspace';
import { ready, withReady } from '#api/types/ready';
import type { ReadyStatus } from '#api/types/ready';
import {
  BOTS,
  COLLABORATIONS,
  GHOSTS,
  MCP_SERVERS,
  MODELS,
  SHELLS,
  SKILLS,
  TASK_REVISIONS,
  TEAMS,
} from '#api/types/resources';
import { COLLABORATION_MODELS } from '../graph/collaboration-models.ts';
import { contentOf } from './named-revision.ts';
import { resolveTask } from './resolve.ts';
import type { Configuration, ObjectName } from './resolve.ts';

/** Objects by name, as they are or as they would be; undefined for one that is not there. */
export type FindObject = <T extends KubeObject>(type: ResourceType<T>, name: ObjectName) => T | undefined;

export type EffectiveTeam =
  /** The spec of a TaskRevision but for the Workspace, which is of a Task; no credential is in it. */
  { content: Record<string, unknown> } | { problem: string };

const NO_WORKSPACE: Workspace = {
  apiVersion: 'agent.wecode.io/v1',
  kind: 'Workspace',
  metadata: { name: 'none' },
  spec: { repository: { gitUrl: 'https://git.invalid/none', branchName: 'main' } },
};

/**
 * The content of a Team that its next Task would run with. Objects that no controller has looked at yet count as ready, as those of a
 * server dry run are: what is wrong with their references is found here. Pure: tools show it before it is so.
 */
export function effectiveTeam(teamName: ObjectName, find: FindObject): EffectiveTeam {
  const team = find(TEAMS, teamName);
  if (team === undefined) return { problem: `Team "${teamName.namespace}/${teamName.name}" not found.` };
  if (team.spec.revision !== undefined) return pinned(team.spec.revision, teamName, find);
  const resolution = resolveTask(taskOf(teamName), {
    configuration: configurationOf(find),
    models: COLLABORATION_MODELS,
  });
  if (resolution.outcome !== 'resolved')
    return { problem: resolution.message.replace(/^spec\.teamRef: /, '') };
  const { workspace: _workspace, placement: _placement, ...content } = resolution.content;
  const { parametersSchema } = team.spec;
  return { content: { ...content, ...(parametersSchema === undefined ? {} : { parametersSchema }) } };
}

function pinned(name: string, { namespace }: ObjectName, find: FindObject): EffectiveTeam {
  const found = find(TASK_REVISIONS, { namespace, name });
  if (found === undefined) return { problem: `TaskRevision "${namespace}/${name}" not found.` };
  const { workspace: _workspace, placement: _placement, ...content } = contentOf(found);
  return { content };
}

/** It has a Workspace, since a Team may demand one, and no parameters, since they make no other agent. */
const taskOf = ({ namespace, name }: ObjectName): Task => ({
  apiVersion: 'agent.wecode.io/v1',
  kind: 'Task',
  metadata: { name: 'effective', namespace },
  spec: { prompt: '', teamRef: { name, namespace }, workspaceRef: { name: NO_WORKSPACE.metadata.name } },
});

function configurationOf(find: FindObject): Configuration {
  const taken =
    <T extends KubeObject & { status?: ReadyStatus }>(type: ResourceType<T>) =>
    (name: ObjectName): T | undefined =>
      asReady(find(type, name));
  return {
    team: (name) => withoutParameters(asReady(find(TEAMS, name))),
    workspace: () => asReady(NO_WORKSPACE),
    collaboration: taken(COLLABORATIONS),
    bot: taken(BOTS),
    ghost: taken(GHOSTS),
    shell: taken(SHELLS),
    model: taken(MODELS),
    skill: taken(SKILLS),
    mcpServer: taken(MCP_SERVERS),
  };
}

function withoutParameters(team: Team | undefined): Team | undefined {
  if (team === undefined) return undefined;
  const { parametersSchema: _, ...spec } = team.spec;
  return { ...team, spec };
}

function asReady<T extends KubeObject & { status?: ReadyStatus }>(object: T | undefined): T | undefined {
  if (object === undefined) return undefined;
  const at = { now: '', generation: object.metadata.generation };
  return { ...object, status: withReady(object.status, ready('Assumed', ''), at) };
}
