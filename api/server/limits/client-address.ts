import { BlockList, isIP } from 'node:net';
import type { RequestContext } from '../server-environment.ts';

/** Tells where requests come from. */
export interface ClientAddresses {
  /** `peer` is that of the connection, `forwarded` the header X-Forwarded-For. */
  of(peer: string | undefined, forwarded: string | undefined): string;
  /** What is counted together: of IPv6 a whole network, since one machine has as many addresses as it wants. */
  networkOf(address: string): string;
}

/**
 * Proxies write into X-Forwarded-For whom they were called by, each at its end. What the last proxy that is trusted
 * has written counts; whatever stands before it may come from anybody.
 * @throws Error, for a person, for text that is no network
 */
export function createClientAddresses(trustedProxies: readonly string[]): ClientAddresses {
  const trusted = new BlockList();
  for (const text of trustedProxies) addNetwork(trusted, text);
  const isTrusted = (address: string): boolean => {
    const version = isIP(address);
    return version !== 0 && trusted.check(address, version === 6 ? 'ipv6' : 'ipv4');
  };
  return {
    of(peer, forwarded) {
      let address = plain(peer ?? '');
      const hops = forwarded === undefined ? [] : forwarded.split(',').map((hop) => plain(hop.trim()));
      while (isTrusted(address)) {
        const hop = hops.pop();
        if (hop === undefined || isIP(hop) === 0) break;
        address = hop;
      }
      return address;
    },
    networkOf(address) {
      if (isIP(address) !== 6) return address;
      const [head = '', tail] = address.split('::');
      const groups = head === '' ? [] : head.split(':');
      const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
      const all = [...groups, ...Array.from({ length: missing }, () => '0'), ...(tail?.split(':') ?? [])];
      return `${all.slice(0, 4).join(':')}::/64`;
    },
  };
}

/** The address that a request came from. */
export function addressOf(addresses: ClientAddresses, { env, req }: RequestContext): string {
  return addresses.of(env.incoming.socket.remoteAddress, req.header('x-forwarded-for'));
}

/** An IPv4 address on a socket of IPv6 is one of IPv4. */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');

function addNetwork(list: BlockList, text: string): void {
  const [address = '', bits] = text.split('/');
  const version = isIP(address);
  const longest = version === 6 ? 128 : 32;
  const prefix = bits === undefined ? longest : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
  if (version === 0 || prefix < 0 || prefix > longest) {
    throw new Error(`${JSON.stringify(text)} is no network: expected one such as 10.0.0.0/8 or fd00::/8`);
  }
  list.addSubnet(address, prefix, version === 6 ? 'ipv6' : 'ipv4');
}
