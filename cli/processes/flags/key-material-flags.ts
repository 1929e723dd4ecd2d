import type { Command } from 'commander';
import type { ApiKeyMaterial } from '#api/config';
import { CliError } from '../../error-text.ts';
import { toPath } from './flag-values.ts';

/** Files in place of those in the data folder, such as mounted Secrets; names of kube-apiserver where it has them. */
export interface KeyMaterialFlags {
  tokenFile?: string;
  caCert?: string;
  caKey?: string;
  encryptionKeys?: string;
  accountKeys?: string;
  tlsCertFile?: string;
  tlsPrivateKeyFile?: string;
  tlsCaFile?: string;
}

export function addKeyMaterialFlags(command: Command): Command {
  return command
    .option('--token-file <file>', 'the bootstrap token, in place of that in the data folder', toPath)
    .option('--ca-cert <file>', 'certificate of the authority, PEM, in place of pki/ca.crt there', toPath)
    .option('--ca-key <file>', 'its key, in place of pki/ca.key there', toPath)
    .option('--encryption-keys <file>', 'root keys of encryption, in place of those there', toPath)
    .option('--account-keys <file>', 'keys that sign logins of people, in place of those there', toPath)
    .option(
      '--tls-cert-file <file>',
      'certificate for clients that ask for one of its names, PEM; read again when it changes (none)',
      toPath,
    )
    .option('--tls-private-key-file <file>', 'its key', toPath)
    .option(
      '--tls-ca-file <file>',
      'authority of that certificate for kubeconfigs, PEM (those of the client)',
      toPath,
    );
}

/** The files that the flags name. @throws CliError where one is missing that another one needs */
export function keyMaterialOf(flags: KeyMaterialFlags): {
  keyMaterial: ApiKeyMaterial;
  rootKeyFile?: string;
} {
  const { tokenFile, caCert, caKey, encryptionKeys, accountKeys: accountKeyFile } = flags;
  const { tlsCertFile, tlsPrivateKeyFile, tlsCaFile: authorityFile } = flags;
  const authority = filesOf({ '--ca-cert': caCert, '--ca-key': caKey });
  const named = filesOf({ '--tls-cert-file': tlsCertFile, '--tls-private-key-file': tlsPrivateKeyFile });
  if (authorityFile !== undefined && named === undefined)
    throw new CliError('--tls-ca-file needs --tls-cert-file');
  return {
    keyMaterial: {
      ...(tokenFile === undefined ? {} : { tokenFile }),
      ...(authority === undefined ? {} : { authority }),
      ...(accountKeyFile === undefined ? {} : { accountKeyFile }),
      ...(named === undefined
        ? {}
        : { named: { ...named, ...(authorityFile === undefined ? {} : { authorityFile }) } }),
    },
    ...(encryptionKeys === undefined ? {} : { rootKeyFile: encryptionKeys }),
  };
}

/** A certificate and its key, by their flags, in this order. */
function filesOf(
  flags: Readonly<Record<string, string | undefined>>,
): ApiKeyMaterial['authority'] | undefined {
  const given = Object.entries(flags);
  const [certificateFile, keyFile] = given.map(([, file]) => file);
  if (certificateFile !== undefined && keyFile !== undefined) return { certificateFile, keyFile };
  if (certificateFile === undefined && keyFile === undefined) return undefined;
  throw new CliError(`${given.map(([flag]) => flag).join(' and ')} must be given together`);
}
