import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';

/** More certificates than any chain has: a client must not make us walk for long. */
const LONGEST_CHAIN = 10;

/** By the connection, since a certificate is shown once and looked at with each request. */
const shown = new WeakMap<object, readonly X509Certificate[]>();

/** The certificates that the client of a connection showed, its own first; none where it showed none. */
export function clientCertificates(socket: object): readonly X509Certificate[] {
  const known = shown.get(socket);
  if (known !== undefined) return known;
  const certificates = readCertificates(socket);
  shown.set(socket, certificates);
  return certificates;
}

function readCertificates(socket: object): X509Certificate[] {
  if (!isTlsSocket(socket)) return [];
  const chain: X509Certificate[] = [];
  let next = socket.getPeerX509Certificate();
  while (next !== undefined && chain.length < LONGEST_CHAIN) {
    if (chain.at(-1)?.fingerprint256 === next.fingerprint256) break;
    chain.push(next);
    next = next.issuerCertificate;
  }
  return chain;
}

/** HTTP/2 hands out a stand-in for its socket: it is known by what it can do. */
const isTlsSocket = (socket: object): socket is TLSSocket =>
  typeof (socket as Partial<TLSSocket>).getPeerX509Certificate === 'function';
