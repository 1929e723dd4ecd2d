import type { Clock } from '../../machinery/clock.ts';
import { StatusError } from '../../machinery/status-error.ts';
import { serviceAccountGroups } from '../../machinery/users/service-account-user.ts';
import { AUTHENTICATED_GROUP } from '../../machinery/users/user.ts';
import type { User } from '../../machinery/users/user.ts';
import { unauthorized } from '../authenticator.ts';
import type { TokenAuthenticator } from '../authenticator.ts';
import { createJwtVerifier } from '../jwt/jwt-verifier.ts';
import type { SigningKeys } from '../../machinery/users/signing-keys.ts';
import { readClaims, userNameOf } from './claims.ts';
import type { BoundKind, ObjectClaim, ServiceAccountClaims } from './claims.ts';

/** An object as far as tokens go. */
export interface LivingObject {
  uid: string;
  /** RFC 3339; absent as long as nobody has deleted it. */
  deletionTimestamp?: string;
}

/** Looks up the objects that tokens name. */
export interface LivingObjects {
  /** `namespace` is that of the account; a Node has none. Undefined for one that is not there. */
  find(
    kind: BoundKind | 'ServiceAccount',
    namespace: string,
    name: string,
  ): Promise<LivingObject | undefined>;
}

export interface ServiceAccountTokenOptions {
  keys: Pick<SigningKeys, 'find' | 'get'>;
  /** The first one issues; the others have issued once. */
  issuers: readonly string[];
  /** Under which names this server is meant. */
  audiences: readonly string[];
  objects: LivingObjects;
  clock: Clock;
}

/** An object that is being deleted is still good for so long (kubernetes pkg/serviceaccount/claims.go). */
const DELETED_LEEWAY_MS = 60_000;

/**
 * Tokens of ServiceAccounts. They end with their account, and with the object that they are bound to: both are looked up
 * on each request and must be those that were there when the token was made.
 */
export function createServiceAccountTokens(options: ServiceAccountTokenOptions): TokenAuthenticator {
  const verifier = createJwtVerifier(options);
  const review = async (token: string, wanted: readonly string[]) => {
    const claims = await verifier.verify(token);
    if (claims === undefined) return undefined;
    const own = readClaims(claims);
    if (own === undefined) throw new Error('service account token claims could not be validated');
    const audiences = own.audiences.filter((one) => wanted.includes(one));
    if (audiences.length === 0) {
      const [has, asked] = [goList(own.audiences), goList(wanted)];
      throw new Error(`token audiences ${has} is invalid for the target audiences ${asked}`);
    }
    await checkAlive(own, options);
    return { user: userOf(own), audiences };
  };
  const refused = async <T>(judged: Promise<T>): Promise<T> => {
    try {
      return await judged;
    } catch (cause) {
      // That an object cannot be looked up says nothing about the token.
      throw cause instanceof StatusError ? cause : unauthorized(cause);
    }
  };
  return {
    authenticateToken: async (token) => (await refused(review(token, options.audiences)))?.user,
    reviewToken: (token, audiences) => refused(review(token, audiences)),
  };
}

/** @throws Error in the words of upstream */
async function checkAlive(
  { namespace, serviceAccount, bound }: ServiceAccountClaims,
  options: ServiceAccountTokenOptions,
): Promise<void> {
  const account = await options.objects.find('ServiceAccount', namespace, serviceAccount.name);
  if (account === undefined || isGone(account, options)) {
    throw new Error(`service account ${namespace}/${serviceAccount.name} has been deleted`);
  }
  if (account.uid !== serviceAccount.uid) {
    throw new Error(`service account UID (${account.uid}) does not match claim (${serviceAccount.uid})`);
  }
  if (bound === undefined) return;
  const object = await options.objects.find(bound.kind, namespace, bound.name);
  if (object === undefined || isGone(object, options)) {
    throw new Error('service account token has been invalidated');
  }
  if (object.uid !== bound.uid) throw new Error(otherLife(object, bound));
}

const otherLife = ({ uid }: LivingObject, bound: ObjectClaim & { kind: BoundKind }): string =>
  `${bound.kind.toLowerCase()} UID (${uid}) does not match service account ${bound.kind.toLowerCase()} ref claim (${bound.uid})`;

function isGone({ deletionTimestamp }: LivingObject, { clock }: ServiceAccountTokenOptions): boolean {
  return deletionTimestamp !== undefined && Date.parse(deletionTimestamp) < clock.now() - DELETED_LEEWAY_MS;
}

const EXTRA = 'authentication.kubernetes.io';
/** The uid of the Node (an Executor here) that a token is bound to, or that of its Pod. */
export const NODE_UID = `${EXTRA}/node-uid`;

/** apiserver pkg/authentication/serviceaccount ServiceAccountInfo. */
function userOf({ namespace, serviceAccount, bound, node, id }: ServiceAccountClaims): User {
  const onNode = bound?.kind === 'Node' ? bound : node;
  return {
    name: userNameOf(namespace, serviceAccount.name),
    uid: serviceAccount.uid,
    groups: [...serviceAccountGroups(namespace), AUTHENTICATED_GROUP],
    extra: {
      [`${EXTRA}/credential-id`]: [`JTI=${id}`],
      ...(bound?.kind === 'Pod' && {
        [`${EXTRA}/pod-name`]: [bound.name],
        [`${EXTRA}/pod-uid`]: [bound.uid],
      }),
      ...(onNode && { [`${EXTRA}/node-name`]: [onNode.name], [NODE_UID]: [onNode.uid] }),
    },
  };
}

/** Go's %q of a list. */
const goList = (texts: readonly string[]): string =>
  `[${texts.map((text) => JSON.stringify(text)).join(' ')}]`;
