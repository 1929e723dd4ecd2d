import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { ClientCertificate } from '../../authentication/authenticator.ts';

/** More certificates than any chain has: a client must not make us walk for long. */
const LONGEST_CHAIN = 10;

/** By the connection, since a certificate is shown once and looked at with each request. */
const shown = new WeakMap<object, ClientCertificate>();

/** The certificate that the client of a connection showed when it connected; undefined where it showed nothing. */
export function clientCertificate(socket: object): ClientCertificate | undefined {
  if (!isTlsSocket(socket)) return undefined;
  const known = shown.get(socket);
  if (known !== undefined) return known;
  const chain = chainOf(socket);
  const [leaf] = chain;
  if (leaf === undefined) return undefined;
  const certificate = { leaf, intermediates: chain.slice(1), isAuthorized: socket.authorized };
  shown.set(socket, certificate);
  return certificate;
}

/** Node 24.21 does not show what clients send beside their own (nodejs/node#65579): such chains are refused there. */
function chainOf(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next = socket.getPeerX509Certificate();
  while (next !== undefined && chain.length < LONGEST_CHAIN) {
    // A root may name itself as its issuer.
    if (chain.at(-1)?.fingerprint256 === next.fingerprint256) break;
    chain.push(next);
    next = next.issuerCertificate;
  }
  return chain;
}

/** HTTP/2 hands out a stand-in for its socket: it is known by what it can do. */
const isTlsSocket = (socket: object): socket is TLSSocket =>
  typeof (socket as Partial<TLSSocket>).getPeerX509Certificate === 'function';
