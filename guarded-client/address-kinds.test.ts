import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kindOf, readAddress } from './address-kinds.ts';

const kind = (text: string): string | undefined => kindOf(readAddress(text)).kind;

describe('the kind of an address', () => {
  it.each([
    ['127.0.0.1', 'a loopback address'],
    ['127.255.255.254', 'a loopback address'],
    ['::1', 'a loopback address'],
    ['0.0.0.0', 'an unspecified address'],
    ['0.1.2.3', 'an unspecified address'],
    ['::', 'an unspecified address'],
    ['10.0.0.1', 'a private address'],
    ['172.16.0.1', 'a private address'],
    ['172.31.255.255', 'a private address'],
    ['192.168.1.1', 'a private address'],
    ['100.64.0.1', 'a private address'],
    ['fd12:3456::1', 'a private address'],
    ['fc00::1', 'a private address'],
    ['fec0::1', 'a private address'],
    ['169.254.1.1', 'a link-local address'],
    ['fe80::1', 'a link-local address'],
    ['169.254.169.254', 'a metadata address'],
    ['100.100.100.200', 'a metadata address'],
    ['168.63.129.16', 'a metadata address'],
    ['fd00:ec2::254', 'a metadata address'],
    ['fd20:ce::254', 'a metadata address'],
    ['224.0.0.1', 'a multicast or broadcast address'],
    ['255.255.255.255', 'a multicast or broadcast address'],
    ['ff02::1', 'a multicast or broadcast address'],
    ['192.0.2.1', 'a reserved address'],
    ['198.18.0.1', 'a reserved address'],
    ['240.0.0.1', 'a reserved address'],
    ['2001:db8::1', 'a reserved address'],
    ['3fff::1', 'a reserved address'],
    ['5f00::1', 'a reserved address'],
    ['64:ff9b:1::7f00:1', 'a reserved address'],
    ['::ffff:0:127.0.0.1', 'a reserved address'],
    ['2002:7f00:1::', 'an address of a tunnel'],
    ['2001:0:1::1', 'an address of a tunnel'],
    ['::ffff:127.0.0.1', 'a loopback address'],
    ['::ffff:a9fe:a9fe', 'a metadata address'],
    ['64:ff9b::10.0.0.1', 'a private address'],
    ['::10.0.0.1', 'a private address'],
  ])('%s is %s', (address, expected) => {
    expect(kind(address)).toBe(expected);
  });

  it.each([
    '1.1.1.1',
    '172.15.255.255',
    '172.32.0.1',
    '100.128.0.1',
    '2606:4700::1111',
    '2a00:1450:4001::200e',
    '64:ff9b::8.8.8.8',
    '::ffff:8.8.8.8',
  ])('%s is public', (address) => {
    expect(kind(address)).toBeUndefined();
  });

  it('is the same however IPv4 is written within IPv6', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.constantFrom('::ffff:', '64:ff9b::', '::ffff:0:0:'), (address, prefix) => {
        const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
        const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
        const wide = prefix === '::ffff:0:0:' ? `0:0:0:0:0:ffff:${hex}` : `${prefix}${hex}`;
        expect(kind(wide)).toBe(kind(address));
      }),
    );
  });

  it('of IPv6 is public within 2000::/3 only, or as IPv4', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const read = readAddress(address);
        if (kindOf(read).kind !== undefined || read.kind() === 'ipv4') return;
        expect((read.toByteArray()[0] ?? 0) >> 5).toBe(1);
      }),
    );
  });
});
