import { readFile } from 'node:fs/promises';
import type { User } from '@kubernetes/client-node';
import { systemClock } from '../machinery/clock.ts';
import type { Clock } from '../machinery/clock.ts';
import { describeError } from '../machinery/logger.ts';
import { StatusError } from '../machinery/status-error.ts';
import type { KubeconfigUser } from './kubeconfig.ts';

/** What proves who we are, for one request. */
export interface Auth {
  headers: Record<string, string>;
  /** Client certificate and key, PEM. */
  certificate?: string;
  key?: string;
}

export interface Credentials {
  /** Called before each request; keeps what it has until it runs out. */
  current(): Promise<Auth>;
}

/** Projected service account tokens are renewed in place; client-go re-reads them every minute too. */
const TOKEN_FILE_MS = 60_000;

/**
 * The credentials of a kubeconfig's user: token, token file, password, certificate, exec plugin or OIDC.
 * @throws StatusError Unauthorized, later, when a file cannot be read or a plugin fails.
 */
export async function createCredentials(
  user: KubeconfigUser,
  clock: Clock = systemClock,
): Promise<Credentials> {
  if (user.exec !== undefined || user.authProvider !== undefined) return pluginCredentials(user);
  const fixed: Auth = {
    headers: impersonation(user),
    ...(user.certificate === undefined ? {} : { certificate: user.certificate }),
    ...(user.key === undefined ? {} : { key: user.key }),
  };
  const { tokenFile } = user;
  if (user.token === undefined && tokenFile !== undefined) {
    return tokenFileCredentials(tokenFile, fixed, clock);
  }
  const authorization = staticAuthorization(user);
  if (authorization !== undefined) fixed.headers['authorization'] = authorization;
  return { current: () => Promise.resolve(fixed) };
}

function staticAuthorization(user: KubeconfigUser): string | undefined {
  if (user.token !== undefined) return `Bearer ${user.token}`;
  if (user.username === undefined) return undefined;
  return `Basic ${Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64')}`;
}

function impersonation(user: KubeconfigUser): Record<string, string> {
  return user.impersonate === undefined ? {} : { 'impersonate-user': user.impersonate };
}

function tokenFileCredentials(path: string, fixed: Auth, clock: Clock): Credentials {
  let known: { auth: Auth; until: number } | undefined;
  return {
    async current() {
      if (known !== undefined && clock.now() < known.until) return known.auth;
      const token = (await readFile(path, 'utf8').catch((error: unknown) => failed(path, error))).trim();
      const auth = { ...fixed, headers: { ...fixed.headers, authorization: `Bearer ${token}` } };
      known = { auth, until: clock.now() + TOKEN_FILE_MS };
      return auth;
    },
  };
}

interface Authenticator {
  applyAuthentication(user: User, options: object): Promise<void>;
}

/**
 * Plugins run by @kubernetes/client-node. Only the module that is needed is loaded: the whole package costs
 * 350 ms and 90 MB, which every `troupe get` would pay.
 */
async function pluginCredentials(user: KubeconfigUser): Promise<Credentials> {
  const plugin = await loadPlugin(user);
  const subject = {
    name: user.name,
    ...(user.exec === undefined ? {} : { exec: withExecInfo(user.exec) }),
    ...(user.authProvider === undefined ? {} : { authProvider: user.authProvider }),
  } as User;
  return {
    async current() {
      const options: { headers: Record<string, string>; cert?: string; key?: string } = {
        headers: impersonation(user),
      };
      await plugin.applyAuthentication(subject, options).catch((error: unknown) => failed(user.name, error));
      const certificate = options.cert ?? user.certificate;
      const key = options.key ?? user.key;
      return {
        headers: options.headers,
        ...(certificate === undefined ? {} : { certificate }),
        ...(key === undefined ? {} : { key }),
      };
    },
  };
}

async function loadPlugin(user: KubeconfigUser): Promise<Authenticator> {
  if (user.exec !== undefined) {
    const { ExecAuth } = await import('@kubernetes/client-node/dist/exec_auth.js');
    return new ExecAuth();
  }
  if (user.authProvider?.name === 'oidc') {
    const { OpenIDConnectAuth } = await import('@kubernetes/client-node/dist/oidc_auth.js');
    return new OpenIDConnectAuth();
  }
  // kubectl dropped the azure and gcp providers in 1.26 too.
  throw new StatusError(
    'Unauthorized',
    `kubeconfig user ${JSON.stringify(user.name)}: auth provider ${JSON.stringify(user.authProvider?.name)} is not supported; use an exec plugin`,
  );
}

/** client.authentication.k8s.io: plugins read from KUBERNETES_EXEC_INFO which version they are to answer in. */
function withExecInfo(exec: Record<string, unknown>): Record<string, unknown> {
  const info = JSON.stringify({
    apiVersion: exec['apiVersion'] ?? 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    spec: { interactive: false },
  });
  const env = Array.isArray(exec['env']) ? (exec['env'] as unknown[]) : [];
  return { ...exec, env: [...env, { name: 'KUBERNETES_EXEC_INFO', value: info }] };
}

function failed(source: string, error: unknown): never {
  throw new StatusError('Unauthorized', `no credentials from ${source}: ${describeError(error)}`, {
    cause: error,
  });
}
