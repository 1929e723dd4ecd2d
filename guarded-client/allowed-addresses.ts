import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { readAddress } from './address-kinds.ts';
import type { Network } from './address-kinds.ts';

/** One thing that an administrator allows: a network or a name, at all ports or at one. */
export type AllowedAddress = { port: number | undefined } & ({ network: Network } | { host: string });

const LOOPBACK: readonly Network[] = [ipaddr.parseCIDR('127.0.0.0/8'), ipaddr.parseCIDR('::1/128')];
const MOST_PORT = 65_535;

/**
 * The entries of a text as administrators write it, parted by commas or white space: networks (`10.1.0.0/16`, `fd12::/48`),
 * addresses (`192.168.1.7`, `[fd12::7]:8080`) and names (`ollama.lan`, `ollama.lan:11434`). `localhost` means loopback by
 * any name.
 * @throws Error, for a person, that names the entry that makes no sense
 */
export function listAllowedAddresses(text: string): string[] {
  const entries = text.split(/[\s,]+/).filter((entry) => entry !== '');
  readAllowedAddresses(entries);
  return entries;
}

/** @throws as listAllowedAddresses */
export function readAllowedAddresses(entries: readonly string[]): AllowedAddress[] {
  return entries.flatMap(readEntry);
}

function readEntry(entry: string): AllowedAddress[] {
  const [host, port] = splitPort(entry);
  if (host.includes('/')) return [{ network: readNetwork(host, entry), port }];
  if (isIP(host) !== 0) {
    const address = readAddress(host);
    return [{ network: [address, address.kind() === 'ipv4' ? 32 : 128], port }];
  }
  const name = canonicalName(host);
  if (name === 'localhost') return LOOPBACK.map((network) => ({ network, port }));
  // An entry that is not a name would match nothing, and somebody would rely on it.
  if (!/^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/.test(name) || /^[\d.]+$/.test(name)) throw senseless(entry);
  return [{ host: name, port }];
}

/** `host:port`, `[address]:port` or without a port; a bare IPv6 address has colons of its own. */
function splitPort(entry: string): [host: string, port: number | undefined] {
  const parts = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d{1,5}))?$/.exec(entry);
  if (parts === null) return [entry, undefined];
  const [, bracketed, plain, digits] = parts;
  const port = digits === undefined ? undefined : Number(digits);
  if (port !== undefined && (port === 0 || port > MOST_PORT)) throw senseless(entry);
  return [bracketed ?? plain ?? '', port];
}

function readNetwork(text: string, entry: string): Network {
  // The library also reads numbers in octal, where an administrator may have meant decimal ones.
  const [address = '', bits = ''] = text.split('/');
  if (isIP(address) === 0 || !/^\d{1,3}$/.test(bits) || !ipaddr.isValidCIDR(text)) throw senseless(entry);
  return ipaddr.parseCIDR(text);
}

/** A name as it is compared: DNS knows no case, and a dot at the end changes nothing. */
export function canonicalName(host: string): string {
  return host.toLowerCase().replace(/\.$/, '');
}

function senseless(entry: string): Error {
  return new Error(
    `${JSON.stringify(entry)} is no network, address or name, with or without a port ` +
      '(such as 10.1.0.0/16, 192.168.1.7:8080, [fd12::7]:8080, localhost:11434 or models.lan)',
  );
}
