import { hash, randomBytes } from 'node:crypto';
import { isDigestOf } from '../machinery/secret-hash.ts';

/**
 * Join tokens: `ID.SECRET`, as those of kubeadm. The id is the name of the JoinToken, so that no secret is ever looked for;
 * the secret has 256 bits, so a plain hash keeps it.
 */
export interface ParsedJoinToken {
  id: string;
  secret: string;
}

/**
 * Where a machine joins. GET answers with JoinAuthority; POST takes JoinRequest and answers with JoinedExecutor. Both ask
 * for no other credential.
 */
export const JOIN_PATH = '/executors/join';

export interface JoinAuthority {
  /** PEM of the authorities that have signed the server's certificates. */
  certificate_authority: string;
}

export interface JoinRequest {
  token: string;
  /** A secret that the machine has made for this join: with it the machine may ask again when it did not get the answer. */
  claim: string;
  /** The Executor that it wants to be; absent: the one of the token, or one made of `host`. */
  name?: string;
  /** The machine's own name. */
  host?: string;
}

export interface JoinedExecutor {
  name: string;
  /** Of the ServiceAccount of the Executor. */
  token: string;
}

const ID_BYTES = 4;
const SECRET_BYTES = 32;
const FORM = /^([0-9a-f]{8})\.([0-9A-Za-z_-]{43})$/;

export function makeJoinToken(): { id: string; token: string; tokenHash: string } {
  const id = randomBytes(ID_BYTES).toString('hex');
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  return { id, token: `${id}.${secret}`, tokenHash: secretHash(secret) };
}

/** Undefined for what is no join token, or was not copied whole. */
export function parseJoinToken(text: string): ParsedJoinToken | undefined {
  const [, id, secret] = FORM.exec(text.trim()) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

/** SHA-256 in hexadecimal digits. */
export const secretHash = (secret: string): string => hash('sha256', secret);

/** In a time that tells nothing of either. `known`: as secretHash makes it. */
export function isHashOf(known: string, secret: string): boolean {
  return isDigestOf(Buffer.from(known, 'hex'), secret);
}
