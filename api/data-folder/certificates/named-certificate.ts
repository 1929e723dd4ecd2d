import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { Clock } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import { watchFile } from '../../watched-files/watched-file.ts';
import { readMounted } from '../mounted-file.ts';
import type { CertificatePair } from './certificate-maker.ts';
import { readCertificatePair } from './mounted-authority.ts';
import type { CertificateFiles, CertificateFlags } from './mounted-authority.ts';

/** As kube-apiserver calls them. */
const FLAGS: CertificateFlags = { certificate: 'tls-cert-file', key: 'tls-private-key-file' };

export interface NamedCertificateFiles extends CertificateFiles {
  /** The authority that clients are told to trust for it; absent: those of their systems. */
  authorityFile?: string;
}

/**
 * A certificate that an operator gives for names of the server, such as one of cert-manager. Clients that ask for another
 * name get the server's own.
 */
export interface NamedCertificate extends Disposable {
  current(): CertificatePair;
  /** Whether it is for a host name or an address. */
  covers(host: string): boolean;
  /** PEM; undefined: the authorities of clients' systems know it. */
  readonly authority: string | undefined;
}

export interface NamedCertificateOptions {
  files: NamedCertificateFiles;
  clock: Clock;
  logger: Logger;
  /** Gets each new pair. */
  onChange(pair: CertificatePair): void;
}

/**
 * Reads the files, and again whenever one of them changes. A pair that cannot be used leaves the one before, as where
 * only one of the two files was replaced yet.
 * @throws Error, for a person, where they cannot be used now
 */
export async function openNamedCertificate(options: NamedCertificateOptions): Promise<NamedCertificate> {
  const { files, clock, logger, onChange } = options;
  using watching = new DisposableStack();
  let read = await readCertificatePair(files, FLAGS);
  warnOfEnd(read.leaf, options);
  const authority =
    files.authorityFile === undefined
      ? undefined
      : await readMounted({ flag: 'tls-ca-file', file: files.authorityFile });
  const readAgain = async (): Promise<void> => {
    read = await readCertificatePair(files, FLAGS);
    const { subject, validTo } = read.leaf;
    logger.info('the certificate was read again', { file: files.certificateFile, subject, validTo });
    onChange(read.pair);
  };
  for (const file of [files.certificateFile, files.keyFile]) {
    watching.use(await watchFile({ file, clock, logger, use: readAgain }));
  }
  const watched = watching.move();
  return {
    authority,
    current: () => read.pair,
    covers: (host) => (isIP(host) === 0 ? read.leaf.checkHost(host) : read.leaf.checkIP(host)) !== undefined,
    [Symbol.dispose]: () => watched.dispose(),
  };
}

/** Who renews it may be about to: the server's own names must not wait for that. */
function warnOfEnd({ validTo }: X509Certificate, { clock, logger, files }: NamedCertificateOptions): void {
  if (Date.parse(validTo) > clock.now()) return;
  logger.warn('the certificate has ended: clients that ask for its names refuse it', {
    file: files.certificateFile,
    validTo,
  });
}
