import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import type { ApiServiceAccounts } from '#api/config';
import { parseDuration } from '../../duration.ts';
import { addValue, toPath } from './flag-values.ts';

/** Flags about tokens of ServiceAccounts, named as those of kube-apiserver where it has them. */
export interface ServiceAccountFlags {
  serviceAccountKeys?: string;
  serviceAccountIssuer?: string[];
  apiAudiences?: string[];
  serviceAccountMaxTokenExpiration?: number;
}

export function addServiceAccountFlags(command: Command): Command {
  return command
    .option(
      '--service-account-keys <file>',
      'keys that sign tokens of ServiceAccounts, in place of those in the data folder',
      toPath,
    )
    .option(
      '--service-account-issuer <url>',
      'issuer of tokens of ServiceAccounts, again for earlier ones that are still good (https://troupe.internal)',
      addValue,
    )
    .option(
      '--api-audiences <name>',
      'audience that means this server, again for more (the issuers)',
      addValue,
    )
    .option(
      '--service-account-max-token-expiration <duration>',
      'longest life of a token of a ServiceAccount (8760h)',
      parseLife,
    );
}

/** The settings that the flags give; those that they leave out have their defaults. */
export function serviceAccountsOf(flags: ServiceAccountFlags): ApiServiceAccounts {
  const { serviceAccountKeys, serviceAccountIssuer, apiAudiences, serviceAccountMaxTokenExpiration } = flags;
  return {
    ...(serviceAccountKeys === undefined ? {} : { keyFile: serviceAccountKeys }),
    ...(serviceAccountIssuer === undefined ? {} : { issuers: serviceAccountIssuer }),
    ...(apiAudiences === undefined ? {} : { audiences: apiAudiences }),
    ...(serviceAccountMaxTokenExpiration === undefined
      ? {}
      : { maxTokenSeconds: serviceAccountMaxTokenExpiration / 1000 }),
  };
}

/** kube-apiserver's bounds (controlplane/apiserver/options). */
function parseLife(text: string): number {
  const ms = parseDuration(text);
  if (ms >= 3_600_000 && ms <= 2 ** 32 * 1000 && ms % 1000 === 0) return ms;
  throw new InvalidArgumentError('expected whole seconds, 1h at least and 2^32 seconds at most');
}
