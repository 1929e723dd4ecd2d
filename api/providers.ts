import { publicPaths } from './authentication/anonymous.ts';
import type { AnonymousPaths } from './authentication/anonymous.ts';
import type { Authenticator, TokenAuthenticator } from './authentication/authenticator.ts';
import { openAuthorityFile } from './authentication/certificates/authority-file.ts';
import type { AuthorityFile } from './authentication/certificates/authority-file.ts';
import type { FrontProxySettings } from './authentication/settings.ts';
import { createCertificateAuthenticator } from './authentication/certificates/certificate-user.ts';
import { STANDARD_HEADERS, createFrontProxyAuthenticator } from './authentication/front-proxy.ts';
import { startClusterAccounts } from './cluster-accounts.ts';
import { startIssuers } from './issuers.ts';
import { startTokenWebhook } from './token-webhook.ts';
import type { IssuersOptions } from './issuers.ts';
import { identityHeaders } from './server/access/identity-headers.ts';
import type { IdentityHeaders } from './server/access/identity-headers.ts';

/** Ways to log in that stand outside of this server: an operator has turned them on. */
export interface Providers extends AsyncDisposable {
  /** In the order in which they are asked, before tokens. */
  readonly requestAuthenticators: readonly Authenticator[];
  /** Sorts of tokens, which are asked after the server's own. */
  readonly tokenAuthenticators: readonly TokenAuthenticator[];
  readonly mayComeAnonymously: AnonymousPaths;
  readonly isIdentityHeader: IdentityHeaders;
  /** The facts that servers behind this one have to know: data of the ConfigMap extension-apiserver-authentication. */
  trust(): Record<string, string>;
  /** PEM of all who may sign certificates of clients; undefined when clients are not asked for one. */
  clientAuthorities(): string | undefined;
  /** Is called whenever they have changed. */
  followClientAuthorities(listener: (pem: string) => void): void;
}

export type ProvidersOptions = IssuersOptions;

/** @throws Error, for a person, where a file cannot be read or makes no sense */
export async function startProviders(options: ProvidersOptions): Promise<Providers> {
  await using started = new AsyncDisposableStack();
  const { settings, clock, logger } = options;
  const { clientCAFile, frontProxy } = settings;
  let listener = (_pem: string): void => undefined;
  const pem = (): string => [proxies, clients].map((one) => one?.current().pem ?? '').join('\n');
  const open = async (flag: string, file: string | undefined): Promise<AuthorityFile | undefined> =>
    file === undefined
      ? undefined
      : started.use(await openAuthorityFile({ flag, file, clock, logger, onChange: () => listener(pem()) }));
  const clients = await open('client-ca-file', clientCAFile);
  const proxies = await open('requestheader-client-ca-file', frontProxy?.clientCAFile);
  checkSeparate({ clients, proxies, allowedNames: frontProxy?.allowedNames ?? [] });
  const issuers = await startIssuers(options, started);
  const webhook =
    settings.tokenWebhook === undefined
      ? undefined
      : await startTokenWebhook({ ...options, settings: settings.tokenWebhook }, started);
  const clusterAccounts =
    settings.clusterAccounts && (await startClusterAccounts(settings.clusterAccounts, options, started));
  const owned = started.move();
  return {
    requestAuthenticators: [
      ...(proxies === undefined || frontProxy === undefined
        ? []
        : [createFrontProxyAuthenticator({ ...frontProxy, authorities: proxies, clock })]),
      ...(clients === undefined ? [] : [createCertificateAuthenticator(clients, clock)]),
    ],
    tokenAuthenticators: [clusterAccounts, issuers, webhook].filter((one) => one !== undefined),
    mayComeAnonymously: issuers?.mayComeAnonymously ?? publicPaths,
    isIdentityHeader: identityHeaders(frontProxy?.headers ?? STANDARD_HEADERS),
    trust: () => ({
      ...(clients === undefined ? {} : { 'client-ca-file': clients.current().pem }),
      ...(proxies === undefined || frontProxy === undefined
        ? {}
        : proxyTrust(frontProxy, proxies.current().pem)),
    }),
    clientAuthorities: () => (clients === undefined && proxies === undefined ? undefined : pem()),
    followClientAuthorities(next) {
      listener = next;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function proxyTrust({ allowedNames, headers }: FrontProxySettings, pem: string): Record<string, string> {
  return {
    'requestheader-client-ca-file': pem,
    'requestheader-allowed-names': JSON.stringify(allowedNames),
    'requestheader-username-headers': JSON.stringify(headers.username),
    'requestheader-uid-headers': JSON.stringify(headers.uid),
    'requestheader-group-headers': JSON.stringify(headers.group),
    'requestheader-extra-headers-prefix': JSON.stringify(headers.extraPrefix),
  };
}

interface Authorities {
  clients: AuthorityFile | undefined;
  proxies: AuthorityFile | undefined;
  allowedNames: readonly string[];
}

/** One authority for both would make each user who has a certificate a proxy, who may say to be anybody. */
function checkSeparate({ clients, proxies, allowedNames }: Authorities): void {
  if (clients === undefined || proxies === undefined || allowedNames.length > 0) return;
  const prints = new Set(clients.current().authorities.map(({ fingerprint256 }) => fingerprint256));
  if (!proxies.current().authorities.some(({ fingerprint256 }) => prints.has(fingerprint256))) return;
  throw new Error(
    '--requestheader-client-ca-file and --client-ca-file share an authority; --requestheader-allowed-names must say who of its clients are proxies',
  );
}
