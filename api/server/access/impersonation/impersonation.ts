import type { Attributes, Authorizer } from '../../../machinery/users/authorizer.ts';
import {
  parseServiceAccountUserName,
  serviceAccountGroups,
} from '../../../machinery/users/service-account-user.ts';
import { ANONYMOUS, AUTHENTICATED_GROUP, UNAUTHENTICATED_GROUP } from '../../../machinery/users/user.ts';
import type { User } from '../../../machinery/users/user.ts';
import { refusal } from '../refusal.ts';
import { IMPERSONATION_MODES } from './modes.ts';
import type { ImpersonationMode, NeededRight } from './modes.ts';
import type { RequestedUser } from './requested-user.ts';

/** Who a request is made as, and by which rule. */
export interface Impersonation {
  user: User;
  /** The verb that allowed it, as audit shows it; '' for the plain `impersonate`. */
  constraint: string;
}

export interface ImpersonationRequest {
  /** Who has logged in. */
  requestor: User;
  wanted: RequestedUser;
  /** What the request is for. */
  attributes: Attributes;
}

/**
 * Lets a user act as another one. Each mode asks for rights of its own; the first one that the requestor has all
 * rights of counts. When none does, the refusal of the first mode is told, as kube-apiserver has it
 * (endpoints/filters/impersonation, KEP-5284).
 * @throws StatusError Forbidden
 */
export async function impersonate(
  authorizer: Authorizer,
  request: ImpersonationRequest,
): Promise<Impersonation> {
  let first: unknown;
  for (const mode of IMPERSONATION_MODES.filter(({ covers }) => covers(request.wanted))) {
    try {
      for (const needed of mode.neededRights(request)) await demand(authorizer, request.requestor, needed);
      return { user: userOf(request.wanted), constraint: constraintOf(mode) };
    } catch (error) {
      first ??= error;
    }
  }
  throw first;
}

async function demand(authorizer: Authorizer, user: User, { attributes, never }: NeededRight): Promise<void> {
  if (never !== undefined) throw refusal(user, attributes, never);
  const { verdict, reason } = await authorizer.authorize(user, attributes);
  if (verdict !== 'allow') throw refusal(user, attributes, reason);
}

const constraintOf = ({ verb, isConstrained }: ImpersonationMode): string => (isConstrained ? verb : '');

/** With the groups that such a user always has. */
function userOf({ name, uid, groups, extra }: RequestedUser): User {
  const account = parseServiceAccountUserName(name);
  const given =
    account !== undefined && groups.length === 0 ? serviceAccountGroups(account.namespace) : groups;
  const added = groupToAdd(name, given);
  return {
    name,
    ...(uid === '' ? {} : { uid }),
    groups: added === undefined || given.includes(added) ? given : [...given, added],
    ...(extra.size === 0 ? {} : { extra: Object.fromEntries(extra) }),
  };
}

function groupToAdd(name: string, groups: readonly string[]): string | undefined {
  if (name === ANONYMOUS.name) return UNAUTHENTICATED_GROUP;
  return groups.includes(UNAUTHENTICATED_GROUP) ? undefined : AUTHENTICATED_GROUP;
}
