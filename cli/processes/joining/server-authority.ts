import { readFile } from 'node:fs/promises';
import { authorityHash, certificatesIn } from '../../authority-hash.ts';
import { createTransport } from '#api/client/transport';
import type { Transport } from '#api/client/transport';
import { describeError } from '#api/machinery/logger';
import { JOIN_PATH } from '#api/types/join-token';
import type { JoinAuthority } from '#api/types/join-token';
import { CliError } from '../../error-text.ts';

interface Authority {
  server: string;
  /** As JoinFlags. */
  caHash?: string;
  caCert?: string;
}

/** A transport for one who has no credentials yet. `ca`: PEM; absent: the authorities of the system. */
export function strangersTransport(server: string, tls: { ca?: string; skipTLSVerify?: boolean }): Transport {
  return createTransport({
    server,
    ...tls,
    credentials: { current: () => Promise.resolve({ headers: {} }) },
  });
}

/**
 * PEM of the authority of the server, as the flags have it; undefined: the system knows it. With a hash the server is asked
 * for its authority before anybody knows who answers (kubeadm's discovery does so, too): nothing is sent to it, and
 * what comes counts only when it is the one that is meant.
 * @throws CliError, StatusError
 */
export async function serverAuthority({ server, caHash, caCert }: Authority): Promise<string | undefined> {
  if (caCert !== undefined) return readAuthority(caCert);
  if (caHash === undefined) return undefined;
  const transport = strangersTransport(server, { skipTLSVerify: true });
  try {
    const { text } = await transport.send({ method: 'GET', path: JOIN_PATH });
    const found = authoritiesOf(text).find((one) => authorityHash(one) === caHash);
    if (found !== undefined) return found;
  } finally {
    await transport.close();
  }
  throw new CliError(
    `the authority of ${server} is not the one of --ca-hash: this may be another server, or somebody in between. ` +
      'Nothing was sent to it. For a server behind a certificate of your own give --ca-cert FILE.',
  );
}

function authoritiesOf(text: string): string[] {
  try {
    return certificatesIn((JSON.parse(text) as JoinAuthority).certificate_authority);
  } catch {
    return []; // whatever answers there, it is no API server of ours
  }
}

async function readAuthority(file: string): Promise<string> {
  const pem = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new CliError(`--ca-cert: ${describeError(error)}`);
  });
  if (certificatesIn(pem).length > 0) return pem;
  throw new CliError(`--ca-cert: ${file} holds no certificate (PEM)`);
}
