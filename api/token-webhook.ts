import { createGuardedFetch } from '#guarded-client/guarded-fetch';
import type { TokenAuthenticator } from './authentication/authenticator.ts';
import type { TokenWebhookSettings } from './authentication/settings.ts';
import { createTokenWebhook } from './authentication/token-webhook.ts';
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
  { settings, audiences, allowedAddresses, clock, logger }: TokenWebhookParts,
  started: AsyncDisposableStack,
): Promise<TokenAuthenticator> {
  const { configFile, version, cacheMs } = settings;
  const context = await loadKubeconfig({ files: [configFile] });
  const { server, ca, user } = context;
  checkSupported(context, configFile);
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
  const headers: Record<string, string> =
    user.token === undefined ? {} : { authorization: `Bearer ${user.token}` };
  return createTokenWebhook({
    ...{ url: server, version, headers, fetch, audiences, cacheMs, clock, logger },
    random: Math.random,
  });
}

/** Tokens of everybody go there. */
function checkSupported(
  { server, skipTLSVerify, tlsServerName, user }: KubeconfigContext,
  file: string,
): void {
  const wrong = [
    ...(server.startsWith('https:') ? [] : ['a server that is not https']),
    ...(skipTLSVerify ? ['insecure-skip-tls-verify'] : []),
    ...(tlsServerName === undefined ? [] : ['tls-server-name']),
    ...(user.exec === undefined && user.authProvider === undefined ? [] : ['credentials of a plugin']),
    ...(user.username === undefined && user.tokenFile === undefined ? [] : ['a password or a tokenFile']),
  ];
  if (wrong.length === 0) return;
  throw new Error(`--authentication-token-webhook-config-file ${file}: ${wrong.join(', ')} is not supported`);
}
