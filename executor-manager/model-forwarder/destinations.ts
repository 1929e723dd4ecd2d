import { lookup } from 'node:dns';
import type { LookupAddress, LookupAllOptions } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import type { LookupFunction } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Docker's name for the machine that its engine runs on; manifests have it from the time when sandboxes called services. */
const THIS_MACHINE = 'host.docker.internal';

/** Where clouds answer questions about the machine, credentials of it included, and what else is only for the link. */
const REFUSED = new BlockList();
REFUSED.addSubnet('169.254.0.0', 16, 'ipv4');
REFUSED.addSubnet('fe80::', 10, 'ipv6');
/** The same range through NAT64. */
REFUSED.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6');
/** Amazon's over IPv6, and Alibaba's. */
REFUSED.addAddress('fd00:ec2::254', 'ipv6');
REFUSED.addAddress('100.100.100.200', 'ipv4');

/** Thrown for an address that no Model may have. */
export class RefusedAddressError extends Error {
  override readonly name = 'RefusedAddressError';

  constructor(host: string) {
    super(`${host} is a link-local or metadata address, which no Model may have`);
  }
}

/** @throws RefusedAddressError for a URL with such an address; a name is judged when it is looked up. */
export function checkDestination({ hostname }: URL): void {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  if (isRefused(host)) throw new RefusedAddressError(host);
}

/**
 * Looks names up for connections to services. Fails with RefusedAddressError when a name leads to an address that no
 * Model may have: it is judged here and not before, since the next look-up may say something else.
 */
export const lookUpService: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true } satisfies LookupAllOptions, (error, found) => {
    const addresses =
      hostname === THIS_MACHINE ? [...ofThisMachine(), ...(error === null ? found : [])] : found;
    if (error !== null && hostname !== THIS_MACHINE) return callback(error, '', 0);
    if (addresses.some(({ address }) => isRefused(address))) {
      return callback(new RefusedAddressError(hostname), '', 0);
    }
    if (options.all === true) return callback(null, addresses);
    const [{ address, family } = { address: '', family: 0 }] = addresses;
    return callback(null, address, family);
  });
};

/** Loopback first: a service that listens there is for this machine alone. Then the bridges, where others listen. */
function ofThisMachine(): LookupAddress[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const loopbackFirst = all.toSorted((a, b) => Number(b.internal) - Number(a.internal));
  return loopbackFirst
    .filter(({ address }) => !isRefused(address))
    .map(({ address, family }) => ({ address, family: family === 'IPv4' ? 4 : 6 }));
}

function isRefused(host: string): boolean {
  const version = isIP(host);
  return version !== 0 && REFUSED.check(host, version === 6 ? 'ipv6' : 'ipv4');
}
