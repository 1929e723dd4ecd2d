import path from 'node:path';
import type { CertificateFiles } from './data-folder/certificates/mounted-authority.ts';
import type { NamedCertificateFiles } from './data-folder/certificates/named-certificate.ts';

/**
 * Files that operators give in place of those in the data folder, such as mounted Secrets. They are read and never
 * changed, and one that is missing is an error: to make another would give the service a new identity.
 */
export interface KeyMaterial {
  tokenFile?: string;
  authority?: CertificateFiles;
  /** The keys that sign logins of people. */
  accountKeyFile?: string;
  /** A certificate for names of the server, beside the one that it makes for itself. */
  named?: NamedCertificateFiles;
}

export interface CompiledKeyMaterial {
  readonly token: Readonly<{ file: string; mayMake: boolean }>;
  readonly authority: Readonly<CertificateFiles> | undefined;
  readonly accountKeys: Readonly<{ file: string; mayMake: boolean }>;
  readonly named: Readonly<NamedCertificateFiles> | undefined;
}

/** Absent files are those of the data folder, which are made. */
export function compileKeyMaterial(
  { tokenFile, authority, accountKeyFile, named }: KeyMaterial,
  dataDir: string,
): CompiledKeyMaterial {
  const orIn = (file: string | undefined, name: string) =>
    Object.freeze({ file: file ?? path.join(dataDir, name), mayMake: file === undefined });
  return Object.freeze({
    token: orIn(tokenFile, 'token'),
    authority: authority && Object.freeze({ ...authority }),
    accountKeys: orIn(accountKeyFile, 'account-keys'),
    named: named && Object.freeze({ ...named }),
  });
}
