import { createGuardedFetch } from '#guarded-client/guarded-fetch';
import type { TokenAuthenticator } from './authentication/authenticator.ts';
import type { TokenWebhookSettings } from './authentication/settings.ts';
import { createTokenWebhook } from './authentication/token-webhook.ts';
import { createCredentials } from './client/credentials.ts';
import { loadKubeconfig } from './client/kubeconfig.ts';
import type { KubeconfigContext } from './client/kubeconfig.ts';
import type { Clock } from './machinery/clock.ts';
import type { Logger } from './machinery/logger.ts';

export interface TokenWebhookParts {
  settings: TokenWebhookSettings;
  audiences: readonly string[];
  allowedAddresses: readonly string[];
  clock: Clock;
  logger: Logger;
}

/** @throws Error, for a person, where the kubeconfig makes no sense, or asks for what a webhook cannot have here */
export async function startTokenWebhook(
  { settings, ...parts }: TokenWebhookParts,
  started: AsyncDisposableStack,
): Promise<TokenAuthenticator> {
  const { configFile, version, cacheMs } = settings;
  const context = await loadKubeconfig({ files: [configFile] });
  const where = `--authentication-token-webhook-config-file ${configFile}`;
  return openTokenWebhook({ ...parts, context, where, version, cacheMs }, started);
}

export interface OpenTokenWebhook extends Omit<TokenWebhookParts, 'settings'> {
  /** Its server gets the TokenReviews. */
  context: KubeconfigContext;
  /** The flag or file that has named it, for messages. */
  where: string;
  version: TokenWebhookSettings['version'];
  cacheMs: number;
}

/** @throws Error, for a person, where the context asks for what a webhook cannot have here */
export async function openTokenWebhook(
  { context, where, allowedAddresses, ...options }: OpenTokenWebhook,
  started: AsyncDisposableStack,
): Promise<TokenAuthenticator> {
  const { server, ca, user } = context;
  checkSupported(context, where);
  const { hostname, port } = new URL(server);
  const { fetch } = started.use(
    createGuardedFetch({
      // An administrator has named it.
      allow: [...allowedAddresses, `${hostname}:${port === '' ? '443' : port}`],
      ...(ca === undefined ? {} : { ca }),
      ...(user.certificate === undefined || user.key === undefined
        ? {}
        : { identity: { cert: user.certificate, key: user.key } }),
    }),
  );
  const credentials = await createCredentials(user);
  const headers = async (): Promise<Record<string, string>> => (await credentials.current()).headers;
  return createTokenWebhook({ ...options, url: server, headers, fetch, random: Math.random });
}

/** Tokens of everybody go there. */
function checkSupported(
  { server, skipTLSVerify, tlsServerName, user }: KubeconfigContext,
  where: string,
): void {
  const wrong = [
    ...(server.startsWith('https:') ? [] : ['a server that is not https']),
    ...(skipTLSVerify ? ['insecure-skip-tls-verify'] : []),
    ...(tlsServerName === undefined ? [] : ['tls-server-name']),
    ...(user.exec === undefined && user.authProvider === undefined ? [] : ['credentials of a plugin']),
    ...(user.username === undefined ? [] : ['a password']),
  ];
  if (wrong.length === 0) return;
  throw new Error(`${where}: ${wrong.join(', ')} is not supported`);
}
