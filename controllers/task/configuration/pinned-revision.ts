import type { Task } from '#api/types/generated/task';
import type { TaskRevision } from '#api/types/generated/task-revision';
import type { Team } from '#api/types/generated/team';
import { TASK_REVISIONS } from '#api/types/resources';
import { TaskReason } from '#api/types/tasks/task';
import type { RevisionContent } from '../revision/revision.ts';
import { askedRevision, contentOf, isOf, usedByRevision } from './named-revision.ts';
import { parametersProblem } from './parameters.ts';
import { placementIn, resolveWorkspace, within, workspaceRequired } from './resolve.ts';
import type { Configuration, ObjectName, Resolution } from './resolve.ts';
import type { UsedObject } from './used-configuration.ts';

/**
 * The TaskRevision that the Team of the Task is pinned to, if any: one of the Team's namespace. A Task that names one itself
 * has that.
 */
export function pinOf(task: Task, configuration: Pick<Configuration, 'team'>): ObjectName | undefined {
  if (askedRevision(task) !== undefined) return undefined;
  const teamName = teamOf(task);
  const revision = configuration.team(teamName)?.spec.revision;
  return revision === undefined ? undefined : { namespace: teamName.namespace, name: revision };
}

/**
 * The configuration of a Task whose Team is pinned: who works, and how, comes from the TaskRevision. The Workspace is that
 * of the Task, and the Executors are those that Team and Workspace demand now: neither makes another agent.
 */
export function resolvePinned(
  task: Task,
  found: TaskRevision | undefined,
  configuration: Configuration,
): Resolution {
  const teamName = teamOf(task);
  const team = configuration.team(teamName);
  const content = found === undefined ? undefined : contentOf(found);
  if (team === undefined || content === undefined || !isOf(content, teamName)) {
    const message = `spec.teamRef: Team "${teamName.namespace}/${teamName.name}": spec.revision: it has no TaskRevision "${team?.spec.revision ?? ''}".`;
    return { outcome: 'waiting', reason: TaskReason.WaitingForTeam, message };
  }
  const wrong = parametersProblem(task.spec.parameters, content.parametersSchema);
  if (wrong !== undefined)
    return { outcome: 'impossible', reason: TaskReason.ParametersInvalid, message: wrong };
  return withOwnWorkspace(task, { team, content, teamName, configuration });
}

const teamOf = ({ metadata, spec }: Task): ObjectName => within(metadata.namespace ?? '', spec.teamRef);

function withOwnWorkspace(
  task: Task,
  from: { team: Team; teamName: ObjectName; content: RevisionContent; configuration: Configuration },
): Resolution {
  const { team, teamName, configuration } = from;
  const workspace = resolveWorkspace(task, configuration);
  if (workspace !== undefined && 'outcome' in workspace) return workspace;
  if (workspace === undefined && team.spec.requiresWorkspace === true) return workspaceRequired(teamName);
  const { workspace: _workspace, placement: _placement, ...content } = from.content;
  return {
    outcome: 'resolved',
    content: {
      ...content,
      ...(workspace === undefined ? {} : { workspace }),
      ...placementIn(task, team, configuration),
    },
  };
}

/**
 * The objects that a Task uses whose Team is pinned. The TaskRevision is the Team's own, as its Bots are; its Workspace is
 * not used.
 */
export function usedByPinned(task: Task, found: TaskRevision | undefined): UsedObject[] {
  if (found === undefined) return usedByRevision(task, found);
  const { workspace: _, ...spec } = found.spec;
  return usedByRevision(task, { ...found, spec }).filter(({ type }) => type !== TASK_REVISIONS);
}
