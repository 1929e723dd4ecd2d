import type { Unstructured } from '../../machinery/meta.ts';
import { ignoreNotFound } from '../../machinery/status-error.ts';
import type { User } from '../../machinery/users/user.ts';
import type { Task } from '../../types/generated/task.ts';
import type { TaskRevision } from '../../types/generated/task-revision.ts';
import type { Team } from '../../types/generated/team.ts';
import { TASK_REVISIONS, TEAMS } from '../../types/resources.ts';
import { memberNamesOf } from '../../types/tasks/task-revision.ts';
import { collaborationModelOf } from '../../types/teams/team.ts';
import { memberName } from '../../types/teams/team-members.ts';
import type { ResourceCoordinates } from '../catalog.ts';
import type { Registry } from '../registry.ts';

/**
 * The names of those who may work for a Task: of the TaskRevision that it was started with, or is to start with, else of its
 * Team. Undefined while neither is there. Whoever may speak to the agents of the Task is told their names.
 */
export async function membersOfTask(
  registry: Pick<Registry, 'catalog' | 'get'>,
  { task, user }: { task: Task; user: User },
): Promise<readonly string[] | undefined> {
  const find = async (coordinates: ResourceCoordinates, at: { name: string; namespace?: string }) => {
    const resource = registry.catalog.find(coordinates);
    if (resource === undefined) return undefined;
    const namespace = at.namespace ?? task.metadata.namespace ?? '';
    const found = await ignoreNotFound(
      registry.get({ target: { resource, namespace, name: at.name }, user }),
    );
    return found?.object;
  };
  const membersIn = async (revision: { name: string; namespace?: string }) => {
    const found = await find(TASK_REVISIONS, revision);
    return found && memberNamesOf((found as Unstructured & TaskRevision).spec);
  };
  const { revision = task.spec.revision } = task.status ?? {};
  if (revision !== undefined) return await membersIn({ name: revision });
  const team = (await find(TEAMS, task.spec.teamRef)) as (Unstructured & Team) | undefined;
  if (team === undefined) return undefined;
  const { revision: name } = team.spec;
  if (name === undefined) return namesIn(team);
  const { namespace } = team.metadata;
  return await membersIn({ name, ...(namespace === undefined ? {} : { namespace }) });
}

/** The steps of a workflow may call a member by its role or its Bot, too; which of them do is known once it is planned. */
function namesIn({ spec }: Team): string[] {
  const names = spec.members.flatMap((member) =>
    collaborationModelOf(spec) === 'workflow'
      ? [member.name, member.role, member.botRef.name].filter((name) => name !== undefined)
      : [memberName(member)],
  );
  return [...new Set(names)];
}
