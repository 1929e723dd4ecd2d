import ipaddr from 'ipaddr.js';
import type { IPv4, IPv6 } from 'ipaddr.js';

export type Address = IPv4 | IPv6;

/** An address and the number of bits that count. */
export type Network = readonly [Address, number];

/**
 * Why an address is no part of the public Internet. The names complete the sentence "it is ...".
 * Sources: the IANA registries of special-purpose addresses (RFC 6890), and the manuals of the clouds.
 */
const SPECIAL: Readonly<Record<string, readonly string[]>> = {
  // Also where clouds hand out credentials of the machine. Those outside of 169.254.0.0/16: Azure, Alibaba, Oracle,
  // Amazon and Google over IPv6.
  'a metadata address': [
    ...['169.254.169.254/32', '168.63.129.16/32', '100.100.100.200/32', '192.0.0.192/32'],
    ...['fd00:ec2::/32', 'fd20:ce::254/128'],
  ],
  'a link-local address': ['169.254.0.0/16', 'fe80::/10'],
  'an unspecified address': ['0.0.0.0/8', '::/128'],
  'a multicast or broadcast address': ['224.0.0.0/4', '255.255.255.255/32', 'ff00::/8'],
  'a loopback address': ['127.0.0.0/8', '::1/128'],
  'a private address': [
    ...['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7', 'fec0::/10'],
    '100.64.0.0/10', // behind the NAT of a carrier, or inside of a cloud
  ],
  // Teredo and 6to4: they lead to addresses of IPv4 that nobody judged. RFC 7526 and RFC 8504 ended them.
  'an address of a tunnel': ['2001::/32', '2002::/16'],
  'a reserved address': [
    ...['192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '198.18.0.0/15', '198.51.100.0/24'],
    ...['203.0.113.0/24', '240.0.0.0/4'],
    ...['2001::/23', '2001:db8::/32', '3fff::/20'],
  ],
};

/** No entry of a name or of a wider network opens these. */
const HARD: ReadonlySet<string> = new Set([
  'a metadata address',
  'a link-local address',
  'an unspecified address',
  'a multicast or broadcast address',
]);

const RANGES = Object.fromEntries(
  Object.entries(SPECIAL).map(([kind, texts]) => [kind, texts.map((text) => ipaddr.parseCIDR(text))]),
);
/** All of IPv6 that is given to the public (RFC 4291, 2.4); ranges to come are closed until somebody opens them. */
const PUBLIC_IPV6 = ipaddr.parseCIDR('2000::/3');
/** IPv4 within IPv6: mapped, and through a translator at the well-known prefix (RFC 4291, 2.5.5.2; RFC 6052). */
const EMBEDDING = [ipaddr.parseCIDR('::ffff:0:0/96'), ipaddr.parseCIDR('64:ff9b::/96')];
/** `::1.2.3.4`, long out of use (RFC 4291, 2.5.5.1), but for the two that IPv6 has for itself. */
const COMPATIBLE = ipaddr.parseCIDR('::/96');
const SHORT = [ipaddr.parseCIDR('::/128'), ipaddr.parseCIDR('::1/128')];

export interface AddressKind {
  /** Undefined for an address of the public Internet. */
  kind: string | undefined;
  /** The widest network that may open the address, in bits, where the kind is a hard one. */
  hardBits: number | undefined;
}

/**
 * The address as it is dialled in the end: an IPv4 address that is written within IPv6 (mapped, NAT64, compatible) comes out of
 * it. Throws an Error for a text that is no address.
 */
export function readAddress(text: string): Address {
  const address = ipaddr.parse(text);
  if (address.kind() === 'ipv4') return address;
  const isCompatible = contains(COMPATIBLE, address) && !SHORT.some((own) => contains(own, address));
  if (!isCompatible && !EMBEDDING.some((network) => contains(network, address))) return address;
  return ipaddr.fromByteArray(address.toByteArray().slice(12));
}

/** The kind of an address as `readAddress` gives it. */
export function kindOf(address: Address): AddressKind {
  const kind = ipaddr.subnetMatch(address, RANGES, '');
  if (kind === '') {
    const isPublic = address.kind() === 'ipv4' || contains(PUBLIC_IPV6, address);
    return { kind: isPublic ? undefined : 'a reserved address', hardBits: undefined };
  }
  if (!HARD.has(kind)) return { kind, hardBits: undefined };
  const bits = RANGES[kind]?.find((range) => contains(range, address))?.[1];
  return { kind, hardBits: bits };
}

/** Whether the address is in the network; never, where one is IPv4 and the other IPv6. */
export function contains([network, bits]: Network, address: Address): boolean {
  return address.kind() === network.kind() && address.match(network, bits);
}
