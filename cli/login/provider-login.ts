import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as client from 'openid-client';
import { Agent, fetch as fetchWith } from 'undici';
import { StatusError } from '#api/machinery/status-error';
import { CliError } from '../error-text.ts';
import type { LoginTokens, Provider } from './login-file.ts';

/** How a person is told what to do. */
export interface ProviderLoginOptions {
  provider: Provider;
  say(text: string): void;
  signal: AbortSignal;
}

/** A provider need not give a refresh token to somebody who was not asked for it (OpenID Connect Core, section 11). */
const CONSENT = { prompt: 'consent' };

/**
 * Logs in at an OpenID provider with a code that is typed into any browser (RFC 8628).
 * @throws CliError
 */
export async function loginByDevice({ provider, say, signal }: ProviderLoginOptions): Promise<LoginTokens> {
  const config = await discover(provider);
  const started = await told(client.initiateDeviceAuthorization(config, { scope: provider.scopes }));
  const { verification_uri_complete: whole, verification_uri: uri, user_code: code } = started;
  say(`Open ${whole ?? uri} in a browser and enter the code ${code}`);
  return tokensOf(await told(client.pollDeviceAuthorizationGrant(config, started, undefined, { signal })));
}

/**
 * Logs in at an OpenID provider with a browser on this machine: the code comes back to a port of the loopback, bound to
 * this process by PKCE and a state (RFC 8252, RFC 7636).
 * @throws CliError
 */
export async function loginByBrowser({ provider, say, signal }: ProviderLoginOptions): Promise<LoginTokens> {
  const config = await discover(provider);
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const nonce = client.randomNonce();
  const listener = await listen(signal);
  try {
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: listener.url,
      scope: provider.scopes,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
      ...(provider.scopes.split(' ').includes('offline_access') ? CONSENT : {}),
    });
    say(`Open this address in a browser on this machine:\n${url.href}`);
    const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce };
    return tokensOf(await told(client.authorizationCodeGrant(config, await listener.called, checks)));
  } finally {
    listener.close();
  }
}

/** @throws CliError, StatusError Unauthorized when the provider no longer takes the token */
export async function refreshAtProvider(provider: Provider, refreshToken: string): Promise<LoginTokens> {
  const config = await discover(provider);
  try {
    const renewed = tokensOf(
      await client.refreshTokenGrant(config, refreshToken, { scope: provider.scopes }),
    );
    // A provider that does not rotate sends none.
    return { refreshToken, ...renewed };
  } catch (error) {
    if (error instanceof client.ResponseBodyError && error.error === 'invalid_grant') {
      throw new StatusError('Unauthorized', 'Unauthorized', { cause: error });
    }
    throw providerError(error);
  }
}

async function discover({ issuer, clientID, ca }: Provider): Promise<client.Configuration> {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  if (url === undefined) throw new CliError(`--issuer-url ${JSON.stringify(issuer)} is no URL`);
  // A provider on this machine, for trying things, has no certificate.
  const isLocal = url.protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
  const options = {
    ...(isLocal ? { execute: [client.allowInsecureRequests] } : {}),
    ...(ca === undefined ? {} : { [client.customFetch]: fetchTrusting(ca) }),
  };
  return told(client.discovery(url, clientID, undefined, client.None(), options));
}

function fetchTrusting(ca: string): client.CustomFetch {
  // A connection that stays open would keep the process alive.
  const dispatcher = new Agent({ connect: { ca }, pipelining: 0 });
  return (url, options) => fetchWith(url, { ...options, body: options.body ?? null, dispatcher });
}

function tokensOf(response: client.TokenEndpointResponse & client.TokenEndpointResponseHelpers): LoginTokens {
  const { id_token: token, refresh_token: refreshToken } = response;
  const expires = response.claims()?.exp;
  if (token === undefined || expires === undefined) {
    throw new CliError('the provider gave no id token: --scopes must have openid');
  }
  return { token, expiresAt: expires * 1000, ...(refreshToken === undefined ? {} : { refreshToken }) };
}

/** The address of the first call that comes back. */
async function listen(signal: AbortSignal): Promise<{ url: string; called: Promise<URL>; close(): void }> {
  const called = Promise.withResolvers<URL>();
  // Nobody waits for it yet when it fails.
  called.promise.catch(() => undefined);
  let url = '';
  const server: Server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const at = new URL(request.url ?? '/', url);
    const isCall = request.method === 'GET' && at.pathname === '/callback';
    response.writeHead(isCall ? 200 : 404, { 'content-type': 'text/plain', connection: 'close' });
    response.end(isCall ? 'You are logged in. This page can be closed.\n' : 'not found\n');
    if (isCall) called.resolve(at);
  });
  signal.addEventListener('abort', () => called.reject(new CliError('interrupted')), { once: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`;
  return {
    url,
    called: called.promise,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function told<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw providerError(error);
  }
}

/** Without the response, which may hold tokens. */
function providerError(error: unknown): Error {
  if (error instanceof CliError) return error;
  if (error instanceof client.ResponseBodyError) {
    const described = error.error_description;
    return new CliError(`the provider says ${error.error}${described === undefined ? '' : `: ${described}`}`);
  }
  return new CliError(
    `the provider could not be asked: ${error instanceof Error ? error.message : 'unknown'}`,
  );
}
