import { EXECUTOR_NAMESPACE } from '../../machinery/users/process-account.ts';
import { namespaceAccountsGroup } from '../../machinery/users/service-account-user.ts';
import type { User } from '../../machinery/users/user.ts';

const PREFIX = `system:serviceaccount:${EXECUTOR_NAMESPACE}:`;
const GROUP = namespaceAccountsGroup(EXECUTOR_NAMESPACE);

/** The name of the Executor whose manager this is; undefined for anybody else. */
export function executorOf({ name, groups }: User): string | undefined {
  return name.startsWith(PREFIX) && groups.includes(GROUP) ? name.slice(PREFIX.length) : undefined;
}
