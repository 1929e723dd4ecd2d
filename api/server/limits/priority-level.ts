import { CONTROLLERS_ACCOUNT, EXECUTOR_NAMESPACE } from '../../machinery/users/process-account.ts';
import { namespaceAccountsGroup } from '../../machinery/users/service-account-user.ts';
import { MASTERS_GROUP } from '../../machinery/users/user.ts';
import type { User } from '../../machinery/users/user.ts';

/**
 * Who is served first when there is more to do than places to do it (KEP-1040, in its smallest form): the processes of
 * the system keep places of their own, so that no user can starve the controllers that would end his own work.
 */
export type PriorityLevel = 'system' | 'workload';

/** Controllers and executor managers: they have accounts in namespaces that nobody else can write. */
const PROCESS_GROUPS: ReadonlySet<string> = new Set([
  namespaceAccountsGroup(CONTROLLERS_ACCOUNT.namespace),
  namespaceAccountsGroup(EXECUTOR_NAMESPACE),
]);
const SYSTEM_GROUPS: ReadonlySet<string> = new Set([MASTERS_GROUP, ...PROCESS_GROUPS]);

export function priorityOf({ groups }: User): PriorityLevel {
  return groups.some((group) => SYSTEM_GROUPS.has(group)) ? 'system' : 'workload';
}

/** Whether it is a controller or an executor manager, and no person. */
export const isProcess = ({ groups }: User): boolean => groups.some((group) => PROCESS_GROUPS.has(group));
