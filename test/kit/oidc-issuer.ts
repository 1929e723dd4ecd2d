import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';
import type { CryptoKey, JWK } from 'jose';
import { makeAuthority } from './certificates.ts';

export interface SigningKey {
  kid: string;
  alg: string;
  privateKey: CryptoKey;
  jwk: JWK;
}

export async function makeSigningKey(kid: string, alg = 'ES256'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

/** An issuer of OpenID Connect as far as those who verify its tokens see it: metadata and keys, over TLS. */
export interface OidcIssuer extends AsyncDisposable {
  url: string;
  /** PEM. */
  certificateAuthority: string;
  /** The keys that it publishes; may be changed. */
  keys: SigningKey[];
  /** Fields of its metadata beside the usual ones; may be changed. */
  metadata: Record<string, unknown>;
  /** Paths that were asked for. */
  readonly requests: readonly string[];
  /** Answers with an error as long as it is set. */
  isAway: boolean;
  /** A token with these claims beside `iss`, `aud`, `iat` and `exp`; its first key signs. */
  sign(claims: Record<string, unknown>, options?: SignOptions): Promise<string>;
}

export interface SignOptions {
  key?: SigningKey;
  header?: Record<string, unknown>;
}

export async function startOidcIssuer(audience = 'troupe'): Promise<OidcIssuer> {
  const authority = await makeAuthority('CN=issuer authority');
  const hosts = [{ type: 'ip', value: '127.0.0.1' } as const];
  const own = await authority.issue({ subject: 'CN=127.0.0.1', usages: ['serverAuth'], hosts });
  const requests: string[] = [];
  const server = createServer({ cert: own.certificate, key: own.key }, (request, response) => {
    requests.push(request.url ?? '');
    const answers: Record<string, unknown> = {
      '/.well-known/openid-configuration': {
        issuer: issuer.url,
        jwks_uri: `${issuer.url}/keys`,
        ...issuer.metadata,
      },
      '/keys': { keys: issuer.keys.map(({ jwk }) => jwk) },
    };
    const answer = issuer.isAway ? undefined : answers[request.url ?? ''];
    response.writeHead(answer === undefined ? 503 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? {}));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer: OidcIssuer = {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    certificateAuthority: authority.certificate,
    keys: [await makeSigningKey('one')],
    metadata: {},
    requests,
    isAway: false,
    sign(claims, { key = issuer.keys[0], header = {} } = {}) {
      if (key === undefined) throw new Error('the issuer has no key');
      const now = Math.floor(Date.now() / 1000);
      return new SignJWT({ iss: issuer.url, aud: audience, iat: now, exp: now + 600, ...claims })
        .setProtectedHeader({ alg: key.alg, kid: key.kid, ...header })
        .sign(key.privateKey);
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return issuer;
}
