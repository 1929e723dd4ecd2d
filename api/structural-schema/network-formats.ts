import { isIP } from 'node:net';

/** Addresses as Go reads them (net and k8s.io/utils/net): zeros may lead the numbers of IPv4 addresses. */

const withoutLeadingZeros = (address: string): string =>
  address.replaceAll(/(^|[.:])0+(?=\d+(?:\.|$))/g, '$1');

export function isIpv4(value: string): boolean {
  return value.includes('.') && ipVersion(value) !== 0;
}

export function isIpv6(value: string): boolean {
  return value.includes(':') && !value.includes('%') && isIP(value) === 6;
}

export function isCidr(value: string): boolean {
  const [, address = '', bits = ''] = /^([^/]*)\/(\d{1,3})$/.exec(value) ?? [];
  const version = ipVersion(address);
  return version !== 0 && bits !== '' && !/^0\d/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128);
}

function ipVersion(value: string): number {
  return value.includes('%') ? 0 : isIP(withoutLeadingZeros(value));
}

const MACS = [
  /^[0-9a-f]{2}(?:(?::[0-9a-f]{2})+|(?:-[0-9a-f]{2})+)$/i,
  /^[0-9a-f]{4}(?:\.[0-9a-f]{4})+$/i,
  /^[0-9a-f]+$/i,
];
const MAC_BYTES = new Set([6, 8, 20]);

export function isMac(value: string): boolean {
  return (
    MACS.some((pattern) => pattern.test(value)) && MAC_BYTES.has(value.replaceAll(/[-:.]/g, '').length / 2)
  );
}
