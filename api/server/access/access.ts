import type { Attributes, Authorizer } from '../../machinery/users/authorizer.ts';
import type { User } from '../../machinery/users/user.ts';
import { unauthorized } from '../../authentication/authenticator.ts';
import type { Authenticator } from '../../authentication/authenticator.ts';
import { furtherRights } from './further-rights.ts';
import { impersonate } from './impersonation/impersonation.ts';
import { requestedUser } from './impersonation/requested-user.ts';
import { refusal } from './refusal.ts';
import { requestAttributes } from './request-attributes.ts';
import type { RequestHead } from './request-head.ts';
import { placeOf } from '../rest/rest-path.ts';
import type { ResourcePath } from '../request/resource-path.ts';

/** A request that may go on. */
export interface AllowedRequest {
  /** As whom the request is made: its rights count. */
  user: User;
  /** Who has logged in, where that is another one than `user`. */
  impersonator?: User;
  /** The verb that let `impersonator` act as `user`; absent for the plain `impersonate`. */
  impersonationConstraint?: string;
  /** The action of the request; access was judged by it. */
  attributes: Attributes;
  /** The resource that its path names; undefined when it names none. */
  place: ResourcePath | undefined;
}

/** Judges requests over HTTP, upgrades to WebSocket and handshakes of socket.io alike, before anything else is done. */
export interface Access {
  /**
   * @throws StatusError Unauthorized for wrong or missing credentials, Forbidden, BadRequest for headers of
   * impersonation that say no user
   */
  check(head: RequestHead, witness?: AccessWitness): Promise<AllowedRequest>;
  /** Judges a part of a request that is allowed, such as one object of many. @throws StatusError Forbidden */
  judge(user: User, attributes: Attributes, witness?: Pick<AccessWitness, 'judged'>): Promise<void>;
}

/** Is told how a request is judged, refused ones as well. */
export interface AccessWitness {
  /** Before the rights of the user are looked at; what it throws refuses the request. */
  authenticated(user: User, attributes: Attributes): Promise<void>;
  impersonates(user: User, constraint: string): void;
  judged(decision: 'allow' | 'forbid', reason: string): void;
}

export function createAccess({ authenticator, authorizer }: AccessOptions): Access {
  const judge: Access['judge'] = async (user, attributes, witness) => {
    const { verdict, reason } = await authorizer.authorize(user, attributes);
    witness?.judged(verdict === 'allow' ? 'allow' : 'forbid', reason);
    if (verdict !== 'allow') throw refusal(user, attributes, reason);
  };
  return {
    judge,
    async check(head, witness) {
      const requestor = await authenticator.authenticate(head);
      if (requestor === undefined) throw unauthorized();
      const place = placeOf(head.path);
      const attributes = requestAttributes(head, place);
      await witness?.authenticated(requestor, attributes);
      const identity = await identityOf(authorizer, { head, requestor, attributes });
      if (identity.impersonator !== undefined)
        witness?.impersonates(identity.user, identity.impersonationConstraint ?? '');
      for (const needed of [attributes, ...furtherRights(attributes)]) {
        await judge(identity.user, needed, witness);
      }
      return { ...identity, attributes, place };
    },
  };
}

interface AccessOptions {
  /** Knows the anonymous, too, where they may come. */
  authenticator: Authenticator;
  authorizer: Authorizer;
}

interface Requested {
  head: RequestHead;
  requestor: User;
  attributes: Attributes;
}

/** Who has logged in, or whom that user acts as. */
async function identityOf(
  authorizer: Authorizer,
  { head, requestor, attributes }: Requested,
): Promise<Omit<AllowedRequest, 'attributes' | 'place'>> {
  const wanted = requestedUser(head);
  if (wanted === undefined) return { user: requestor };
  const { user, constraint } = await impersonate(authorizer, { requestor, wanted, attributes });
  return {
    user,
    impersonator: requestor,
    ...(constraint === '' ? {} : { impersonationConstraint: constraint }),
  };
}
