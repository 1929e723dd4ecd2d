import type { JwtClaims } from '../jwt/jwt-verifier.ts';

/** An object that a token names, and the one life of it that is meant. */
export interface ObjectClaim {
  name: string;
  uid: string;
}

/** The kinds of objects with which a token can end. */
export type BoundKind = 'Node' | 'Pod' | 'Secret';

/** The claim `kubernetes.io` of a ServiceAccount's token (kubernetes pkg/serviceaccount/claims.go). */
export interface ServiceAccountClaims {
  namespace: string;
  serviceAccount: ObjectClaim;
  /** The token ends with this object. */
  bound?: ObjectClaim & { kind: BoundKind };
  /** The node of the Pod that the token is bound to; for the record. */
  node?: ObjectClaim;
  /** `jti`: unique. */
  id: string;
  audiences: readonly string[];
}

const CLAIM = 'kubernetes.io';
const BOUND: readonly (readonly [claim: string, kind: BoundKind])[] = [
  ['pod', 'Pod'],
  ['secret', 'Secret'],
  ['node', 'Node'],
];

export const userNameOf = (namespace: string, name: string): string =>
  `system:serviceaccount:${namespace}:${name}`;

/** The private claim of a token. */
export function toPrivateClaim({
  namespace,
  serviceAccount: { name, uid },
  bound,
  node,
}: Omit<ServiceAccountClaims, 'audiences' | 'id'>): Record<string, unknown> {
  const claim = {
    namespace,
    serviceaccount: { name, uid },
    ...(node && { node: { name: node.name, uid: node.uid } }),
    ...(bound && { [bound.kind.toLowerCase()]: { name: bound.name, uid: bound.uid } }),
  };
  return { [CLAIM]: claim };
}

/** Undefined for claims that this server would not have made. */
export function readClaims(claims: JwtClaims): ServiceAccountClaims | undefined {
  const own = asRecord(claims[CLAIM]);
  const { namespace } = own;
  const { aud, jti, sub } = claims;
  const serviceAccount = objectClaim(own['serviceaccount']);
  if (typeof namespace !== 'string' || serviceAccount === undefined || typeof jti !== 'string')
    return undefined;
  if (sub !== userNameOf(namespace, serviceAccount.name)) return undefined;
  const bound = BOUND.find(([claim]) => own[claim] !== undefined);
  const boundTo = bound && objectClaim(own[bound[0]]);
  if (bound !== undefined && boundTo === undefined) return undefined;
  const node = bound?.[1] === 'Pod' ? objectClaim(own['node']) : undefined;
  return {
    namespace,
    serviceAccount,
    ...(bound && boundTo && { bound: { ...boundTo, kind: bound[1] } }),
    ...(node && { node }),
    id: jti,
    audiences: textsOf(aud),
  };
}

/** `aud` is a text or a list of them (RFC 7519, section 4.1.3). */
function textsOf(aud: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  return list.filter((one) => typeof one === 'string');
}

function objectClaim(value: unknown): ObjectClaim | undefined {
  const { name, uid } = asRecord(value);
  const isWhole = typeof name === 'string' && name !== '' && typeof uid === 'string' && uid !== '';
  return isWhole ? { name, uid } : undefined;
}

const asRecord = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
