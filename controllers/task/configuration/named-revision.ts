import type { Task } from '#api/types/generated/task';
import type { TaskRevision } from '#api/types/generated/task-revision';
import { GHOSTS, MCP_SERVERS, MODELS, SKILLS, TASK_REVISIONS, TEAMS, WORKSPACES } from '#api/types/resources';
import { serverReference } from '#api/types/mcp-server';
import { TaskReason } from '#api/types/tasks/task';
import { isRunNode } from '../graph/graph.ts';
import type { RunParts } from '../graph/graph.ts';
import type { RevisionContent } from '../revision/revision.ts';
import { within } from './resolve.ts';
import type { ObjectName, Resolution } from './resolve.ts';
import { usedFrom } from './used-configuration.ts';
import type { UsedObject } from './used-configuration.ts';

/** The TaskRevision that the Task itself asks for, if any: a fork runs with that of its parent. */
export const askedRevision = ({ spec }: Task): string | undefined => spec.forkFrom?.revision ?? spec.revision;

/** The configuration of a Task that asks for a TaskRevision; `found` is undefined where that is not there, or not yet. */
export function resolveNamed(task: Task, found: TaskRevision | undefined): Resolution {
  const shown = `TaskRevision "${task.metadata.namespace ?? ''}/${askedRevision(task) ?? ''}"`;
  if (found === undefined) {
    const message = `spec.revision: ${shown} not found.`;
    return { outcome: 'waiting', reason: TaskReason.WaitingForTeam, message };
  }
  const content = contentOf(found);
  const teamName = within(task.metadata.namespace ?? '', task.spec.teamRef);
  if (isOf(content, teamName)) return { outcome: 'resolved', content };
  const message = `spec.revision: ${shown} is not one of Team "${teamName.namespace}/${teamName.name}".`;
  return { outcome: 'impossible', reason: TaskReason.InvalidPlan, message };
}

/** The server keeps TaskRevisions as the task controller wrote them. */
export const contentOf = ({ spec }: TaskRevision): RevisionContent => spec as unknown as RevisionContent;

/** The objects that a Task uses which runs with this TaskRevision: it has to be allowed all of them now. */
export function usedByRevision({ metadata, spec }: Task, found: TaskRevision | undefined): UsedObject[] {
  const one = usedFrom(metadata.namespace ?? '');
  const named = [...one(TEAMS, spec.teamRef), ...one(WORKSPACES, spec.workspaceRef)];
  if (found === undefined) return named;
  const { nodes, members = {}, workspace } = contentOf(found);
  const parts: Partial<RunParts>[] = [...nodes.filter(isRunNode), ...Object.values(members)];
  const agents = parts.flatMap(({ agent }) => agent ?? []);
  const servers = agents.flatMap(({ mcpServers = {} }) => Object.values(mcpServers));
  return [
    ...named,
    ...one(TASK_REVISIONS, { name: found.metadata.name }),
    ...one(WORKSPACES, workspace?.ref),
    ...agents.flatMap(({ ghostRef }) => one(GHOSTS, ghostRef)),
    ...agents.flatMap(({ skills = [] }) => skills).flatMap((skill) => one(SKILLS, skill)),
    ...servers.flatMap((server) => one(MCP_SERVERS, serverReference(server))),
    ...parts.flatMap(({ model }) => one(MODELS, model?.ref)),
  ];
}

/** Whether it is one of the Team. */
export const isOf = ({ teamRef }: RevisionContent, { namespace, name }: ObjectName): boolean =>
  teamRef.name === name && teamRef.namespace === namespace;
