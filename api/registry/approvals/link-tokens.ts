import { fieldsOf, isJsonObject } from '../../machinery/json/json.ts';
import { createMac, isSame } from '../keyed-mac.ts';

/** An address stands for one decision of one user about one Approval. */
export interface LinkClaims {
  /** uid of the Approval. */
  uid: string;
  decision: 'Approved' | 'Rejected';
  user: LinkUser;
  /** Seconds since the epoch. */
  expiresAt: number;
}

export interface LinkUser {
  name: string;
  uid: string;
  /** When the address was made; a User of the server's own has those that he has when it is used. */
  groups: readonly string[];
  isAccount: boolean;
}

/** Tokens in addresses that decide. Nothing of them is stored: whoever has the key can tell that one is good. */
export interface LinkTokens {
  tokenFor(claims: LinkClaims): string;
  /** Undefined for a token that is not good, or no longer. @param now milliseconds since the epoch */
  read(token: string, now: number): LinkClaims | undefined;
}

/** 4,000 characters are more than any user has groups for in an address that mails and chats carry. */
const MOST_LENGTH = 4000;

/**
 * Tokens by HMAC-SHA-256 (RFC 2104): `CLAIMS.MAC`, the claims as JSON in base64url.
 * @param secret as for createMac
 */
export function createLinkTokens(secret: Uint8Array): LinkTokens {
  const macOf = createMac(secret, 'troupe addresses that decide v1');
  return {
    tokenFor(claims) {
      const text = Buffer.from(JSON.stringify(claims)).toString('base64url');
      return `${text}.${macOf(text).toString('base64url')}`;
    },
    read(token, now) {
      const [text = '', mac = '', ...rest] = token.length > MOST_LENGTH ? [] : token.split('.');
      if (rest.length > 0 || !isSame(Buffer.from(mac, 'base64url'), macOf(text))) return undefined;
      const claims = claimsOf(text);
      return claims !== undefined && claims.expiresAt * 1000 > now ? claims : undefined;
    },
  };
}

/** Of a text that was signed here; another version may have signed another form. */
function claimsOf(text: string): LinkClaims | undefined {
  const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  const { uid, decision, user, expiresAt } = fieldsOf(value);
  const isOurs =
    typeof uid === 'string' &&
    (decision === 'Approved' || decision === 'Rejected') &&
    typeof expiresAt === 'number' &&
    isJsonObject(user);
  return isOurs ? (value as LinkClaims) : undefined;
}
