import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { generateKeyPairSync } from 'node:crypto';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loginByBrowser, loginByDevice, refreshAtProvider } from './provider-login.ts';

/** A provider as far as these flows need one: what it hears, and tokens that are signed. */

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const heard: Record<string, string>[] = [];
let nonce: string | undefined;
let server: Server;
let issuer: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    answer(request).then(
      ({ status = 200, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(body));
      },
      (error: unknown) => response.destroy(error as Error),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function answer(request: IncomingMessage): Promise<{ status?: number; body: object }> {
  if (request.url === '/.well-known/openid-configuration') return { body: configuration() };
  const form = Object.fromEntries(new URLSearchParams(await text(request)));
  heard.push(form);
  if (request.url === '/device') {
    const place = { verification_uri: `${issuer}/enter`, user_code: 'ABCD-EFGH' };
    return { body: { device_code: 'device', ...place, expires_in: 60, interval: 1 } };
  }
  if (form['refresh_token'] === 'old') return { status: 400, body: { error: 'invalid_grant' } };
  const tokens = {
    access_token: 'a',
    token_type: 'bearer',
    id_token: await idToken(),
    refresh_token: 'next',
  };
  return { body: tokens };
}

function configuration(): object {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    device_authorization_endpoint: `${issuer}/device`,
    jwks_uri: `${issuer}/keys`,
    id_token_signing_alg_values_supported: ['ES256'],
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
  };
}

function idToken(): Promise<string> {
  return new SignJWT({ ...(nonce === undefined ? {} : { nonce }) })
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuer(issuer)
    .setAudience('troupe')
    .setSubject('alice')
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(privateKey);
}

const provider = () => ({ issuer, clientID: 'troupe', scopes: 'openid offline_access' });
const { signal } = new AbortController();

it('logs in with a browser on this machine, bound by PKCE, a state and a nonce', async () => {
  let opened = '';
  const tokens = await loginByBrowser({
    provider: provider(),
    signal,
    say(said) {
      opened = said.split('\n')[1] ?? '';
      const asked = new URL(opened).searchParams;
      nonce = asked.get('nonce') ?? undefined;
      const back = new URL(asked.get('redirect_uri') ?? '');
      back.search = new URLSearchParams({ code: 'c', state: asked.get('state') ?? '' }).toString();
      // The browser does this once the person has agreed.
      void fetch(back);
    },
  });
  nonce = undefined;
  expect(new URL(opened).searchParams.get('code_challenge_method')).toBe('S256');
  expect(heard.at(-1)).toMatchObject({ grant_type: 'authorization_code', code: 'c' });
  expect(heard.at(-1)?.['code_verifier']).toMatch(/^[\w-]{43}$/);
  expect(tokens).toMatchObject({ refreshToken: 'next' });
  expect(tokens.token.split('.')).toHaveLength(3);
});

it('takes no code of somebody else\u2019s login', async () => {
  const login = loginByBrowser({
    provider: provider(),
    signal,
    say(said) {
      const back = new URL(new URL(said.split('\n')[1] ?? '').searchParams.get('redirect_uri') ?? '');
      back.search = new URLSearchParams({ code: 'c', state: 'forged' }).toString();
      void fetch(back);
    },
  });
  await expect(login).rejects.toThrow('provider');
});

it('logs in with a code for a browser elsewhere', async () => {
  const said: string[] = [];
  const tokens = await loginByDevice({ provider: provider(), signal, say: (line) => said.push(line) });
  expect(said).toEqual([`Open ${issuer}/enter in a browser and enter the code ABCD-EFGH`]);
  expect(tokens.refreshToken).toBe('next');
});

it('renews, and says when it is time to log in again', async () => {
  expect(await refreshAtProvider(provider(), 'good')).toMatchObject({ refreshToken: 'next' });
  await expect(refreshAtProvider(provider(), 'old')).rejects.toMatchObject({ code: 401 });
});
