import { readFile } from 'node:fs/promises';
import { createGuardedFetch } from '#guarded-client/guarded-fetch';
import { readConfiguration } from './authentication/oidc/authentication-configuration.ts';
import type { IssuerConfiguration } from './authentication/oidc/authentication-configuration.ts';
import { ConfiguredIssuers } from './authentication/oidc/configured-issuers.ts';
import type { ConfiguredIssuersOptions, IssuerConnection } from './authentication/oidc/configured-issuers.ts';
import { configurationOf } from './authentication/oidc/oidc-settings.ts';
import type { AuthenticationSettings } from './authentication/settings.ts';
import { watchFile } from './watched-files/watched-file.ts';
import type { Clock } from './machinery/clock.ts';
import type { Logger } from './machinery/logger.ts';
import type { Meter } from './machinery/meter.ts';

export interface IssuersOptions {
  settings: AuthenticationSettings;
  /** Issuers that are this server itself. */
  ownIssuers: readonly string[];
  /** Under which names it is meant. */
  audiences: readonly string[];
  /** Addresses that may be called though they are not public. */
  allowedAddresses: readonly string[];
  clock: Clock;
  logger: Logger;
  meter: Meter;
}

/** More than metadata and keys of any issuer. */
const MAX_BODY_BYTES = 1024 * 1024;

/**
 * The issuers of tokens that an operator has configured, by a file or by flags; undefined for none.
 * @throws Error, for a person, where the configuration makes no sense
 */
export async function startIssuers(
  options: IssuersOptions,
  started: AsyncDisposableStack,
): Promise<ConfiguredIssuers | undefined> {
  const { configurationFile: file, oidc } = options.settings;
  if (file !== undefined && oidc !== undefined)
    throw new Error('authentication-config file and oidc-* flags are mutually exclusive');
  const common = issuerOptions(options);
  if (oidc !== undefined) {
    const ca = oidc.caFile === undefined ? undefined : await readFile(oidc.caFile, 'utf8');
    const limited = { ...common, algorithms: oidc.signingAlgorithms };
    return started.use(new ConfiguredIssuers(configurationOf(oidc, ca), limited));
  }
  return file === undefined ? undefined : await followFile({ ...options, file, common }, started);
}

interface Following extends IssuersOptions {
  file: string;
  common: ConfiguredIssuersOptions;
}

async function followFile(
  { file, common, clock, logger }: Following,
  started: AsyncDisposableStack,
): Promise<ConfiguredIssuers> {
  let issuers: ConfiguredIssuers | undefined;
  const use = async (text: string): Promise<void> => {
    await issuers?.replaceBy(() => readConfiguration(text));
    logger.info('the authentication configuration was read again', { file });
  };
  const watched = started.use(await watchFile({ file, clock, logger, use }));
  try {
    issuers = new ConfiguredIssuers(readConfiguration(watched.text), common);
    return started.use(issuers);
  } catch (cause) {
    throw new Error(`--authentication-config ${file}`, { cause });
  }
}

function issuerOptions(options: IssuersOptions): ConfiguredIssuersOptions {
  const { ownIssuers, allowedAddresses, clock, logger, meter } = options;
  const connect = ({ url, discoveryURL, certificateAuthority }: IssuerConfiguration): IssuerConnection =>
    createGuardedFetch({
      // Where an administrator says that an issuer is, it may be; where the issuer says that its keys are, need not.
      allow: [...allowedAddresses, ...[url, discoveryURL].flatMap(addressOf)],
      maxBodyBytes: MAX_BODY_BYTES,
      ...(certificateAuthority === undefined ? {} : { ca: certificateAuthority }),
    });
  return { disallowed: ownIssuers, connect, clock, logger, meter };
}

/** Host and port of a URL, as lists of allowed addresses have them. */
function addressOf(url: string | undefined): string[] {
  if (url === undefined) return [];
  const { hostname, port } = new URL(url);
  return [`${hostname}:${port === '' ? '443' : port}`];
}
