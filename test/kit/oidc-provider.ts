import { once } from 'node:events';
import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';
import type { Configuration, JWK } from 'oidc-provider';
import { makeAuthority } from './certificates.ts';
import { oidcStorage } from './oidc-storage.ts';

/** A client of the provider that has no secret, as programs on people's machines have none. */
const CLIENTS = ['troupe', 'other'];

/** In seconds. */
const TTL = {
  ...{ AccessToken: 600, DeviceCode: 600, Grant: 3600, Interaction: 600 },
  ...{ RefreshToken: 3600, Session: 3600 },
};

/** The people that the provider knows, by their names; any password is theirs. */
export type People = Readonly<Record<string, { groups: readonly string[] }>>;

/** A real OpenID provider (node-oidc-provider, certified by the OpenID Foundation), over TLS, with pages for logins. */
export interface OidcProvider extends AsyncDisposable {
  readonly url: string;
  /** PEM. */
  readonly certificateAuthority: string;
  /** Signs with a new key from now on, and publishes no other. Sessions and refresh tokens stay. */
  rotateKeys(): Promise<void>;
  /** Ends what a refresh token stands for (RFC 7009). */
  revoke(refreshToken: string): Promise<void>;
}

export interface OidcProviderOptions {
  people: People;
  /** Seconds that an id token lasts. */
  idTokenSeconds: number;
}

export async function startOidcProvider({
  people,
  idTokenSeconds,
}: OidcProviderOptions): Promise<OidcProvider> {
  const authority = await makeAuthority('CN=provider authority');
  const hosts = [{ type: 'ip', value: '127.0.0.1' } as const];
  const own = await authority.issue({ subject: 'CN=127.0.0.1', usages: ['serverAuth'], hosts });
  let answer: (request: IncomingMessage, response: ServerResponse) => unknown;
  let provider: Provider;
  const server = createServer({ cert: own.certificate, key: own.key }, (request, response) => {
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const storage = oidcStorage();
  let keys = 0;
  const rotateKeys = async (): Promise<void> => {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    const key = { ...(await exportJWK(privateKey)), kid: `key-${++keys}`, alg: 'ES256', use: 'sig' } as JWK;
    provider = new Provider(url, {
      ...configuration(people, idTokenSeconds),
      adapter: storage,
      jwks: { keys: [key] },
    });
    answer = provider.callback();
  };
  await rotateKeys();
  return {
    url,
    certificateAuthority: authority.certificate,
    rotateKeys,
    async revoke(refreshToken) {
      const found = await provider.RefreshToken.find(refreshToken);
      if (found?.grantId === undefined) throw new Error('the provider does not know the refresh token');
      await provider.RefreshToken.revokeByGrantId(found.grantId);
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function configuration(people: People, idTokenSeconds: number): Configuration {
  return {
    clients: CLIENTS.map((client_id) => ({
      client_id,
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      response_types: ['code'],
      // Of any port, as RFC 8252 has it for programs on people's machines.
      redirect_uris: ['http://127.0.0.1/callback'],
      id_token_signed_response_alg: 'ES256',
    })),
    claims: { openid: ['sub'], groups: ['groups'] },
    scopes: ['openid', 'offline_access', 'groups'],
    // As Keycloak and Dex do: claims are in the id token itself.
    conformIdTokenClaims: false,
    features: { deviceFlow: { enabled: true } },
    ttl: { ...TTL, IdToken: idTokenSeconds },
    cookies: { keys: ['of a test'] },
    findAccount: (_context, id) =>
      people[id] === undefined
        ? undefined
        : { accountId: id, claims: () => ({ sub: id, groups: people[id]?.groups }) },
  };
}
