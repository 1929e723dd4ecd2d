import { fieldsOf } from '../../machinery/json/json.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { ignoreNotFound, StatusError } from '../../machinery/status-error.ts';
import type { User } from '../../machinery/users/user.ts';
import { namesAnybody, namesOf } from '../../types/approval.ts';
import type { Approval } from '../../types/generated/approval.ts';
import type { TaskApproval } from '../../types/generated/task.ts';
import { APPROVALS } from '../../types/resources.ts';
import type { Registry } from '../registry.ts';

/**
 * Refuses to tell a Task what only an Approval of it can: the Task would not heed it, and whoever said it would wait.
 * @param isAbout which of the Approvals that the Task waits for
 * @throws StatusError Forbidden, which names the Approval and who may decide it
 */
export async function refusePastApprovers(
  registry: Pick<Registry, 'catalog' | 'get'>,
  { task, user }: { task: Unstructured; user: User },
  isAbout: (approval: TaskApproval) => boolean,
): Promise<void> {
  const { approvals } = fieldsOf(task['status']);
  const named = Array.isArray(approvals) ? (approvals as TaskApproval[]).find(isAbout) : undefined;
  const resource = registry.catalog.find(APPROVALS);
  if (named === undefined || resource === undefined) return;
  const target = { resource, namespace: task.metadata.namespace ?? '', name: named.name };
  const people = await approversOf(registry, { target, user });
  if (people === undefined || !namesAnybody(people)) return;
  throw new StatusError('Forbidden', `Approval "${named.name}" decides that, and asks ${namesOf(people)}`);
}

/** Undefined while it is not there: nobody is named then. */
async function approversOf(
  registry: Pick<Registry, 'get'>,
  request: Parameters<Registry['get']>[0],
): Promise<Approval['spec']['approvers']> {
  const found = await ignoreNotFound(registry.get(request));
  return (found?.object as Approval | undefined)?.spec.approvers;
}
