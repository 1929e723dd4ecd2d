import type { JsonWebKey } from 'node:crypto';
import type { Hono } from 'hono';
import type { SigningKeys, VerifyingKey } from '../machinery/users/signing-keys.ts';
import { whenRead } from './answer/read-only.ts';
import type { ServerTypes } from './server-environment.ts';

/** The facts with which others verify tokens of ServiceAccounts by themselves. */
export interface ServiceAccountIssuer {
  keys: Pick<SigningKeys, 'all'>;
  /** The `iss` of tokens. */
  issuer: string;
  /** Where others find the keys. */
  keysURL: string;
}

const KEYS_PATH = '/openid/v1/jwks';
const DISCOVERY_PATH = '/.well-known/openid-configuration';
/** A new key is shown for longer than that before it signs (kubernetes pkg/routes/openidmetadata.go). */
const CACHE = 'public, max-age=3600';

/** `GET /.well-known/openid-configuration`, `GET /openid/v1/jwks` (KEP 1393). */
export function mountServiceAccountIssuer(
  app: Hono<ServerTypes>,
  { keys, issuer, keysURL }: ServiceAccountIssuer,
): void {
  app.all(DISCOVERY_PATH, (c) =>
    whenRead(c, () =>
      reply('application/json', {
        issuer,
        jwks_uri: keysURL,
        response_types_supported: ['id_token'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: [...new Set(keys.all().map(({ algorithm }) => algorithm))],
      }),
    ),
  );
  app.all(KEYS_PATH, (c) =>
    whenRead(c, () => reply('application/jwk-set+json', { keys: keys.all().map(toWebKey) })),
  );
}

/** RFC 7517. */
function toWebKey({ algorithm, kid, publicKey }: VerifyingKey): JsonWebKey & Record<string, unknown> {
  return { use: 'sig', ...publicKey.export({ format: 'jwk' }), kid, alg: algorithm };
}

function reply(contentType: string, value: object): Response {
  return new Response(JSON.stringify(value), {
    headers: { 'content-type': contentType, 'cache-control': CACHE },
  });
}

/** Where the keys are below an address. */
export const keysURLOf = (address: string): string => `${address.replace(/\/$/, '')}${KEYS_PATH}`;
