import type { Attributes, Authorizer } from '../../machinery/authorizer.ts';
import { ANONYMOUS } from '../../machinery/user.ts';
import type { User } from '../../machinery/user.ts';
import type { Authenticator } from '../../authentication/authenticator.ts';
import { refusal } from './refusal.ts';
import { requestAttributes } from './request-attributes.ts';
import type { RequestHead } from './request-head.ts';
import { parseResourcePath } from '../request/resource-path.ts';
import type { ResourcePath } from '../request/resource-path.ts';

/** A request that may go on. */
export interface AllowedRequest {
  user: User;
  /** The action of the request; access was judged by it. */
  attributes: Attributes;
  /** The resource that its path names; undefined when it names none. */
  place: ResourcePath | undefined;
}

/** Judges requests over HTTP, upgrades to WebSocket and handshakes of socket.io alike, before anything else is done. */
export interface Access {
  /** @throws StatusError Unauthorized for wrong or missing credentials, Forbidden */
  check(head: RequestHead): Promise<AllowedRequest>;
}

export function createAccess(options: { authenticator: Authenticator; authorizer: Authorizer }): Access {
  const { authenticator, authorizer } = options;
  return {
    async check(head) {
      const user = (await authenticator.authenticate(head)) ?? ANONYMOUS;
      const place = parseResourcePath(head.path);
      const attributes = requestAttributes(head, place);
      const { verdict, reason } = await authorizer.authorize(user, attributes);
      if (verdict !== 'allow') throw refusal(user, attributes, reason);
      return { user, attributes, place };
    },
  };
}
