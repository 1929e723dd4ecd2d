import type { X509Certificate } from 'node:crypto';
import { unauthorized } from '../authenticator.ts';
import type { ClientCertificate } from '../authenticator.ts';
import { parseCertificates } from './parse-certificates.ts';

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const ANY_USAGE = '2.5.29.37.0';

/** While a chain holds, in milliseconds since the epoch. */
interface Validity {
  from: number;
  to: number;
}

/**
 * Authorities whose certificates clients may show. TLS has looked at a chain already, with its constraints, when the
 * client connected; a bundle says whether it leads to one of *these* authorities, and still holds. A connection
 * lives longer than certificates and authorities do.
 */
export class TrustBundle {
  readonly pem: string;
  readonly authorities: readonly X509Certificate[];
  /** By the certificate of a connection: signatures are checked once. */
  readonly #chains = new WeakMap<X509Certificate, Validity | undefined>();

  /** @throws Error, for a person, where the text holds no certificate, or one that cannot be read */
  constructor(pem: string) {
    this.pem = pem;
    this.authorities = parseCertificates(pem);
    for (const one of this.authorities) this.#demandIssuer(one);
  }

  /** TLS follows each chain up to a root; its server in Node cannot be told to stop before. */
  #demandIssuer(authority: X509Certificate): void {
    if (this.authorities.some((one) => authority.checkIssued(one))) return;
    const name = authority.subject.replaceAll('\n', ', ');
    throw new Error(`the authority ${JSON.stringify(name)} needs the one that has signed it beside it`);
  }

  /** @param now milliseconds since the epoch. @throws StatusError Unauthorized where the chain does not hold */
  verify(certificate: ClientCertificate, now: number): void {
    const { leaf, isAuthorized } = certificate;
    if (!isAuthorized) throw refused(leaf, 'it leads to no authority, or may not be used so');
    const validity = this.#validityOf(certificate);
    if (validity === undefined) throw refused(leaf, 'it leads to no authority of this bundle');
    if (now < validity.from || now > validity.to) throw refused(leaf, 'it has expired, or is not yet valid');
  }

  #validityOf(certificate: ClientCertificate): Validity | undefined {
    const { leaf } = certificate;
    if (!this.#chains.has(leaf)) this.#chains.set(leaf, this.#findChain(certificate));
    return this.#chains.get(leaf);
  }

  /** Of the chains that there are, the one that holds longest. */
  #findChain({ leaf, intermediates }: ClientCertificate): Validity | undefined {
    if (!isForClients(leaf)) return undefined;
    const found = [...this.#chainsFrom(leaf, { others: intermediates, budget: { checks: MOST_CHECKS } })];
    return found.toSorted((one, other) => other.to - one.to)[0];
  }

  *#chainsFrom(from: X509Certificate, search: Search): Generator<Validity> {
    const { others, budget } = search;
    if (this.authorities.some((one) => one.fingerprint256 === from.fingerprint256)) yield validityOf(from);
    for (const authority of this.authorities)
      if (hasIssued(authority, from, budget)) yield meet(validityOf(from), validityOf(authority));
    for (const intermediate of others) {
      if (!hasIssued(intermediate, from, budget)) continue;
      const rest = others.filter((one) => one !== intermediate);
      for (const above of this.#chainsFrom(intermediate, { ...search, others: rest }))
        yield meet(validityOf(from), above);
    }
  }
}

/** Of a search for chains; certificates that sign each other in a circle must not make us walk for long (as Go has it). */
const MOST_CHECKS = 100;

interface Search {
  /** Certificates that are not part of the chain yet. */
  others: readonly X509Certificate[];
  budget: { checks: number };
}

function refused({ serialNumber }: X509Certificate, why: string): Error {
  return unauthorized(new Error(`verifying certificate SN=${serialNumber} failed: ${why}`));
}

/** Without a list of usages a certificate is good for all. */
const isForClients = ({ keyUsage }: X509Certificate): boolean =>
  (keyUsage as readonly string[] | undefined)?.some((one) => one === CLIENT_AUTH || one === ANY_USAGE) ??
  true;

/** Names first, since a signature costs much more. */
function hasIssued(issuer: X509Certificate, certificate: X509Certificate, budget: Search['budget']): boolean {
  if (!issuer.ca || !certificate.checkIssued(issuer) || budget.checks <= 0) return false;
  budget.checks -= 1;
  return certificate.verify(issuer.publicKey);
}

const validityOf = ({ validFromDate, validToDate }: X509Certificate): Validity => ({
  from: validFromDate.getTime(),
  to: validToDate.getTime(),
});

const meet = (one: Validity, other: Validity): Validity => ({
  from: Math.max(one.from, other.from),
  to: Math.min(one.to, other.to),
});
