import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { SigningKeys } from '../../machinery/users/signing-keys.ts';
import { toPrivateClaim, userNameOf } from './claims.ts';
import type { ServiceAccountClaims } from './claims.ts';

export interface TokenSubject extends Omit<ServiceAccountClaims, 'id'> {
  /** Milliseconds since the epoch. */
  now: number;
  lifeSeconds: number;
}

/** Makes tokens of ServiceAccounts; whoever calls it has made sure that they may be handed out. */
export interface ServiceAccountTokenIssuer {
  issue(subject: TokenSubject): Promise<string>;
}

/** As kubernetes pkg/serviceaccount/jwt.go makes them; signed with the key that signs at the moment. */
export function createTokenIssuer(options: {
  keys: Pick<SigningKeys, 'signer'>;
  issuer: string;
}): ServiceAccountTokenIssuer {
  const { keys, issuer } = options;
  return {
    issue({ now, lifeSeconds, ...subject }) {
      const { algorithm, kid, privateKey } = keys.signer();
      const seconds = Math.floor(now / 1000);
      return new SignJWT(toPrivateClaim(subject))
        .setProtectedHeader({ alg: algorithm, kid })
        .setIssuer(issuer)
        .setSubject(userNameOf(subject.namespace, subject.serviceAccount.name))
        .setAudience([...subject.audiences])
        .setIssuedAt(seconds)
        .setNotBefore(seconds)
        .setExpirationTime(seconds + lifeSeconds)
        .setJti(randomUUID())
        .sign(privateKey);
    },
  };
}
