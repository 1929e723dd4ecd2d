import type { Client } from '#api/client/client';
import { API_KEY_EXTRA, mayLogIn, SESSION_EXTRA, USERS_GROUP } from '#api/types/account';
import { AUTHENTICATED_GROUP } from '#api/machinery/users/user';
import type { TaskUser } from '#api/types/generated/task';
import { SERVICE_ACCOUNTS, USERS } from '#api/types/resources';

/**
 * The user of a Task as he is at this moment, or a sentence that says why nothing runs for him any longer. The server
 * knows Users and ServiceAccounts, and so whether they are still there, and in which groups; what others were when the Task
 * was made is all that is known of them.
 */
export async function presentUser(client: Pick<Client, 'find'>, user: TaskUser): Promise<TaskUser | string> {
  const [, namespace, name] = SERVICE_ACCOUNT.exec(user.name) ?? [];
  if (namespace !== undefined && name !== undefined) return presentAccount(client, user, { namespace, name });
  // Somebody may have the same name by another way to log in, or by impersonation.
  const isOurs = [SESSION_EXTRA, API_KEY_EXTRA].some((key) => user.extra?.[key] !== undefined);
  if (!isOurs) return user;
  const found = await client.find(USERS, { name: user.name });
  if (found === undefined || found.metadata.uid !== user.uid) return gone(user);
  if (!mayLogIn(found)) return `User "${user.name}", who made the Task, is disabled.`;
  return { ...user, groups: [USERS_GROUP, ...(found.spec.groups ?? []), AUTHENTICATED_GROUP] };
}

const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/;

async function presentAccount(
  client: Pick<Client, 'find'>,
  user: TaskUser,
  ref: { namespace: string; name: string },
): Promise<TaskUser | string> {
  // Who acts as an account says no uid.
  if (user.uid === undefined) return user;
  const found = await client.find(SERVICE_ACCOUNTS, ref);
  return found?.metadata.uid === user.uid ? user : gone(user);
}

const gone = ({ name }: TaskUser): string => `User "${name}", who made the Task, was deleted.`;
