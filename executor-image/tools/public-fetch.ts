import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import type { FetchLike } from '@modelcontextprotocol/sdk/shared/transport.js';

/** This machine, the link it is on, and services of clouds that tell about a machine (RFC 6890; fd00:ec2::/32). */
const CLOSED = new BlockList();
CLOSED.addSubnet('0.0.0.0', 8, 'ipv4');
CLOSED.addSubnet('127.0.0.0', 8, 'ipv4');
CLOSED.addSubnet('169.254.0.0', 16, 'ipv4');
CLOSED.addSubnet('100.100.100.200', 32, 'ipv4');
CLOSED.addAddress('::', 'ipv6');
CLOSED.addAddress('::1', 'ipv6');
CLOSED.addSubnet('fe80::', 10, 'ipv6');
CLOSED.addSubnet('fd00:ec2::', 32, 'ipv6');

/** Whether an address of the machine itself, its link or its cloud is meant. */
export function isClosedAddress(address: string): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return CLOSED.check(mapped, 'ipv4');
  return CLOSED.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/**
 * `fetch` for a process that shares the network of the executor's machine: it goes nowhere that only the machine itself
 * may reach, whatever a name means, and follows no redirect. Rejects with an Error that names the address.
 */
export const publicFetch: FetchLike = async (url, init) => {
  const { hostname } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const addresses = isIP(host) === 0 ? await lookup(host, { all: true }) : [{ address: host }];
  const closed = addresses.find(({ address }) => isClosedAddress(address));
  if (closed !== undefined) {
    throw new Error(
      `${hostname} is ${closed.address}, which conversations may not reach: give the Shell an image`,
    );
  }
  const response = await fetch(url, { ...init, redirect: 'manual' });
  if (response.status < 300 || response.status > 399) return response;
  await response.body?.cancel();
  throw new Error(`it answered HTTP ${response.status}, and redirects are not followed`);
};
