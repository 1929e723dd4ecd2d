import { startCertificateRenewal } from './data-folder/certificates/certificate-renewal.ts';
import { loadCertificates } from './data-folder/certificates/certificates.ts';
import type { CertificateOptions, ServerCertificates } from './data-folder/certificates/certificates.ts';
import { openNamedCertificate } from './data-folder/certificates/named-certificate.ts';
import type {
  NamedCertificate,
  NamedCertificateFiles,
} from './data-folder/certificates/named-certificate.ts';
import type { Clock } from './machinery/clock.ts';
import type { Logger } from './machinery/logger.ts';
import type { Listening } from './server/listen.ts';

export interface ServedCertificatesOptions {
  certificates: Omit<CertificateOptions, 'now'>;
  /** Files of a certificate that an operator gives for names of the server. */
  named: NamedCertificateFiles | undefined;
  clock: Clock;
  logger: Logger;
}

/** The server's own certificate, and the one that an operator may give it beside that. */
export interface ServedCertificates {
  readonly own: ServerCertificates;
  readonly named: NamedCertificate | undefined;
  /** Keeps what is served new: the own certificate is renewed, files that changed are read again. */
  keepNew(listening: Listening): void;
}

/** Whatever it starts is added to `started`. @throws Error, for a person, where a file cannot be used */
export async function loadServedCertificates(
  { certificates, named: files, clock, logger }: ServedCertificatesOptions,
  started: AsyncDisposableStack,
): Promise<ServedCertificates> {
  const load = (now: number): Promise<ServerCertificates> => loadCertificates({ ...certificates, now });
  let useNamed: Listening['useNamedCertificate'] = () => undefined;
  const own = await load(clock.now());
  const named =
    files &&
    started.use(await openNamedCertificate({ files, clock, logger, onChange: (pair) => useNamed(pair) }));
  return {
    own,
    named,
    keepNew(listening) {
      useNamed = listening.useNamedCertificate;
      const renewal = startCertificateRenewal({ load, use: listening.useCertificate, clock, logger });
      started.defer(() => renewal.stop());
    },
  };
}

/** How clients reach a server, and the authority that they are to trust. */
export interface ServerAddress {
  url: string;
  /** PEM; undefined: the authorities of the client's system. */
  caCertificate: string | undefined;
}

/** The address that clients are told of: the advertised one, else the server's own. */
export function clientAddress(
  { own, named }: Pick<ServedCertificates, 'named' | 'own'>,
  { url, advertiseURL }: { url: string; advertiseURL: string | undefined },
): ServerAddress {
  const shown = advertiseURL ?? url;
  const host = new URL(shown).hostname.replace(/^\[(.*)\]$/, '$1');
  return { url: shown, caCertificate: named?.covers(host) === true ? named.authority : own.caCertificate };
}

/** PEM of all authorities that have signed what the server shows, as far as it knows them. */
export const authoritiesOf = ({ own, named }: Pick<ServedCertificates, 'named' | 'own'>): string =>
  [own.caCertificate, named?.authority ?? ''].join('\n').trim();
