import { ignoreNotFound } from '../../machinery/status-error.ts';
import { API_SERVER_USER } from '../../machinery/users/user.ts';
import type { User } from '../../machinery/users/user.ts';
import { API_KEY_EXTRA, mayLogIn, SESSION_EXTRA, userOfAccount } from '../../types/account.ts';
import type { User as Account } from '../../types/generated/user.ts';
import { SERVICE_ACCOUNTS, USERS } from '../../types/resources.ts';
import type { Registry } from '../registry.ts';
import type { LinkUser } from './link-tokens.ts';

type Reader = Pick<Registry, 'catalog' | 'get'>;

/** The user as an address remembers him. */
export function linkUser({ name, uid = '', groups, extra = {} }: User): LinkUser {
  // Somebody may have the same name by another way to log in, or by impersonation.
  const isAccount = [SESSION_EXTRA, API_KEY_EXTRA].some((key) => extra[key] !== undefined);
  return { name, uid, groups: isAccount ? [] : groups, isAccount };
}

/**
 * The user as he is at this moment; undefined when he is gone or disabled. Of users whom the server does not keep, what they
 * were when the address was made is all that is known.
 */
export async function presentUser(
  registry: Reader,
  { name, uid, groups, isAccount }: LinkUser,
): Promise<User | undefined> {
  if (isAccount) return accountUser(registry, name, uid);
  const [, namespace, account] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name) ?? [];
  if (namespace !== undefined && account !== undefined && uid !== '') {
    const found = await find(registry, SERVICE_ACCOUNTS, { namespace, name: account });
    if (found?.metadata.uid !== uid) return undefined;
  }
  return { name, groups, ...(uid === '' ? {} : { uid }) };
}

async function accountUser(registry: Reader, name: string, uid: string): Promise<User | undefined> {
  const account = await accountOf(registry, name);
  return account?.metadata.uid === uid ? userOfAccount(account) : undefined;
}

/** A User of the server's own, if that may log in. */
export async function accountOf(registry: Reader, name: string): Promise<Account | undefined> {
  const account = (await find(registry, USERS, { namespace: '', name })) as Account | undefined;
  return account !== undefined && mayLogIn(account) ? account : undefined;
}

async function find(
  { catalog, get }: Reader,
  type: { group: string; version: string; plural: string },
  place: { namespace: string; name: string },
) {
  const resource = catalog.find(type);
  if (resource === undefined) return undefined;
  const target = { resource, ...place };
  return (await ignoreNotFound(get({ target, user: API_SERVER_USER })))?.object;
}
