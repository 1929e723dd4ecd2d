import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { ApiAuthentication } from '#api/config';
import { parseDuration } from '../../duration.ts';
import { addClusterAccountFlags, clusterAccountsOf } from './cluster-account-flags.ts';
import type { ClusterAccountFlags } from './cluster-account-flags.ts';
import { commaSeparated, toPath } from './flag-values.ts';

/** Flags of kube-apiserver that turn on ways to log in. */
export interface AuthenticationFlags extends ClusterAccountFlags {
  clientCaFile?: string;
  authenticationConfig?: string;
  oidcIssuerUrl?: string;
  oidcClientId?: string;
  oidcCaFile?: string;
  oidcUsernameClaim?: string;
  oidcUsernamePrefix?: string;
  oidcGroupsClaim?: string;
  oidcGroupsPrefix?: string;
  oidcSigningAlgs?: string[];
  oidcRequiredClaim?: Record<string, string>;
  authenticationTokenWebhookConfigFile?: string;
  authenticationTokenWebhookVersion: 'v1' | 'v1beta1';
  authenticationTokenWebhookCacheTtl: number;
  requestheaderClientCaFile?: string;
  requestheaderAllowedNames: string[];
  requestheaderUsernameHeaders: string[];
  requestheaderUidHeaders: string[];
  requestheaderGroupHeaders: string[];
  requestheaderExtraHeadersPrefix: string[];
}

export function addAuthenticationFlags(command: Command): Command {
  return addClusterAccountFlags(addCertificateFlags(addWebhookFlags(addOidcFlags(command))));
}

const TWO_MINUTES_MS = 120_000;

function addWebhookFlags(command: Command): Command {
  return command
    .option(
      '--authentication-token-webhook-config-file <file>',
      'kubeconfig of a service that says whose token it is (none)',
      toPath,
    )
    .addOption(
      new Option(
        '--authentication-token-webhook-version <version>',
        'version of the TokenReviews that it gets',
      )
        .choices(['v1', 'v1beta1'])
        .default('v1beta1'),
    )
    .addOption(
      new Option('--authentication-token-webhook-cache-ttl <duration>', 'how long its answers are kept')
        .argParser(parseDuration)
        .default(TWO_MINUTES_MS, '2m'),
    );
}

function addOidcFlags(command: Command): Command {
  return command
    .option(
      '--authentication-config <file>',
      'AuthenticationConfiguration: issuers of tokens and where the anonymous may come; read again when it changes',
      toPath,
    )
    .option('--oidc-issuer-url <url>', 'the one issuer of tokens, in place of such a file')
    .option('--oidc-client-id <id>', 'for whom its tokens must be')
    .option('--oidc-ca-file <file>', 'authorities, in PEM, of its server (those of the system)', toPath)
    .option('--oidc-username-claim <claim>', 'claim that is the user (sub)')
    .option('--oidc-username-prefix <prefix>', 'put before it, - for none (issuer and #, none for email)')
    .option('--oidc-groups-claim <claim>', 'claim that holds the groups (none)')
    .option('--oidc-groups-prefix <prefix>', 'put before each of them (none)')
    .option('--oidc-signing-algs <names>', 'algorithms that it may sign with (RS256)', algorithms)
    .option('--oidc-required-claim <claim=value>', 'claim that tokens must have, again for more', addClaim);
}

function addCertificateFlags(command: Command): Command {
  return command
    .option(
      '--client-ca-file <file>',
      'authorities, in PEM, whose client certificates log users in (none)',
      toPath,
    )
    .option(
      '--requestheader-client-ca-file <file>',
      'authorities, in PEM, that sign for proxies who have logged users in (none)',
      toPath,
    )
    .option(
      '--requestheader-allowed-names <names>',
      'common names of the certificates of proxies (any)',
      commaSeparated,
      [],
    )
    .option('--requestheader-username-headers <names>', 'who it is', headers, ['X-Remote-User'])
    .option('--requestheader-uid-headers <names>', 'with which uid', headers, ['X-Remote-Uid'])
    .option('--requestheader-group-headers <names>', 'in which groups', headers, ['X-Remote-Group'])
    .option('--requestheader-extra-headers-prefix <prefixes>', 'with what else', headers, [
      'X-Remote-Extra-',
    ]);
}

/** The settings that the flags give. */
export function authenticationOf(flags: AuthenticationFlags): ApiAuthentication {
  const { clientCaFile, requestheaderClientCaFile, authenticationConfig } = flags;
  const oidc = oidcOf(flags);
  return {
    ...(authenticationConfig === undefined ? {} : { configurationFile: authenticationConfig }),
    ...(oidc === undefined ? {} : { oidc }),
    ...webhookOf(flags),
    ...clusterAccountsOf(flags),
    ...(clientCaFile === undefined ? {} : { clientCAFile: clientCaFile }),
    ...(requestheaderClientCaFile === undefined
      ? {}
      : { frontProxy: frontProxyOf(flags, requestheaderClientCaFile) }),
  };
}

/** @throws Error, for a person, where only one half of what an issuer needs is given */
function oidcOf(flags: AuthenticationFlags): ApiAuthentication['oidc'] {
  const { oidcIssuerUrl: issuerURL, oidcClientId: clientID, oidcCaFile, oidcGroupsClaim } = flags;
  if (issuerURL === undefined || clientID === undefined) {
    if (Object.keys(flags).every((name) => !name.startsWith('oidc'))) return undefined;
    throw new Error(
      'oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set',
    );
  }
  return {
    issuerURL,
    clientID,
    ...(oidcCaFile === undefined ? {} : { caFile: oidcCaFile }),
    usernameClaim: flags.oidcUsernameClaim ?? 'sub',
    usernamePrefix: flags.oidcUsernamePrefix ?? '',
    ...(oidcGroupsClaim === undefined ? {} : { groupsClaim: oidcGroupsClaim }),
    groupsPrefix: flags.oidcGroupsPrefix ?? '',
    requiredClaims: flags.oidcRequiredClaim ?? {},
    signingAlgorithms: flags.oidcSigningAlgs ?? ['RS256'],
  };
}

function webhookOf(flags: AuthenticationFlags): Pick<ApiAuthentication, 'tokenWebhook'> {
  const { authenticationTokenWebhookConfigFile: configFile } = flags;
  if (configFile === undefined) return {};
  const { authenticationTokenWebhookVersion: version, authenticationTokenWebhookCacheTtl: cacheMs } = flags;
  return { tokenWebhook: { configFile, version, cacheMs } };
}

function frontProxyOf(
  flags: AuthenticationFlags,
  clientCAFile: string,
): NonNullable<ApiAuthentication['frontProxy']> {
  return {
    clientCAFile,
    allowedNames: flags.requestheaderAllowedNames,
    headers: {
      username: flags.requestheaderUsernameHeaders,
      uid: flags.requestheaderUidHeaders,
      group: flags.requestheaderGroupHeaders,
      extraPrefix: flags.requestheaderExtraHeadersPrefix,
    },
  };
}

const ALGORITHMS = new Set(
  ['RS', 'ES', 'PS'].flatMap((family) => ['256', '384', '512'].map((size) => family + size)),
);

function algorithms(text: string): string[] {
  const list = commaSeparated(text);
  if (list.every((name) => ALGORITHMS.has(name))) return list;
  throw new InvalidArgumentError(`expected names out of ${[...ALGORITHMS].join(', ')}`);
}

function addClaim(text: string, claims: Record<string, string> | undefined): Record<string, string> {
  const [, claim = '', value = ''] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  if (claim === '') throw new InvalidArgumentError('expected a claim and its value, such as hd=example.com');
  return { ...claims, [claim]: value };
}

function headers(text: string): string[] {
  const list = commaSeparated(text);
  if (list.every((name) => /^[A-Za-z0-9-]+$/.test(name))) return list;
  throw new InvalidArgumentError('expected names of headers, parted by commas, such as X-Remote-User');
}
