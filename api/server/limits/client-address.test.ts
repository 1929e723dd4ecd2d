import { expect, it } from 'vitest';
import { createClientAddresses } from './client-address.ts';

const addresses = createClientAddresses(['10.0.0.0/8', 'fd00::/8', '192.0.2.7']);

it.each<[string | undefined, string | undefined, string, string]>([
  ['198.51.100.1', undefined, '198.51.100.1', 'no proxy'],
  ['198.51.100.1', '203.0.113.9', '198.51.100.1', 'a stranger may write what it wants'],
  ['10.1.1.1', '203.0.113.9', '203.0.113.9', 'a proxy is believed'],
  ['::ffff:10.1.1.1', '203.0.113.9', '203.0.113.9', 'a proxy on a socket of IPv6'],
  ['10.1.1.1', '1.1.1.1, 203.0.113.9', '203.0.113.9', 'the proxy wrote the last one, the client the first'],
  ['10.1.1.1', '203.0.113.9, 192.0.2.7, 10.2.2.2', '203.0.113.9', 'proxies in a row'],
  ['fd00::1', '2001:db8::5', '2001:db8::5', 'over IPv6'],
  ['10.1.1.1', 'unknown', '10.1.1.1', 'a proxy that does not tell'],
  ['10.1.1.1', '10.3.3.3', '10.3.3.3', 'whoever sits beside the proxy'],
  [undefined, undefined, '', 'a connection that is gone'],
])('%s with %s is %s: %s', (peer, forwarded, want) => {
  expect(addresses.of(peer, forwarded)).toBe(want);
});

it.each([
  ['198.51.100.1', '198.51.100.1', 'each address of IPv4'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64', 'a network of IPv6'],
  ['2001:db8::5', '2001:db8:0:0::/64', 'zeros left out in the middle'],
  ['::1', '0:0:0:0::/64', 'zeros left out at the start'],
  ['fe80::', 'fe80:0:0:0::/64', 'zeros left out at the end'],
])('%s is counted as %s: %s', (address, want) => {
  expect(addresses.networkOf(address)).toBe(want);
});

it.each([['10.0.0.0/33'], ['proxy.example'], ['10.0.0.0/x'], ['']])('refuses the network %j', (text) => {
  expect(() => createClientAddresses([text])).toThrow(/is no network/);
});
