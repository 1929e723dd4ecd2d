import { describe, expect, it } from 'vitest';
import { AddressGuard } from './address-guard.ts';
import type { AddressGuardOptions } from './address-guard.ts';
import { listAllowedAddresses } from './allowed-addresses.ts';

async function verdict(
  allow: string,
  host: string,
  {
    at = ['10.0.0.7'],
    port = 8080,
    ...options
  }: Partial<AddressGuardOptions> & { at?: string[]; port?: number } = {},
): Promise<string> {
  const guard = new AddressGuard({
    allow: listAllowedAddresses(allow),
    lookUp: async () => at.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    ...options,
  });
  return guard.addressesOf({ host, port }).then(
    (found) => found.map(({ address }) => address).join(' '),
    (error: Error) => error.message.replace(/, which only .*/, ''),
  );
}

describe('an entry', () => {
  it.each([
    ['', '10.0.0.7', '10.0.0.7 is refused: it is a private address', 'nothing is allowed by default'],
    ['10.0.0.0/8', '10.0.0.7', '10.0.0.7', 'a network'],
    ['10.0.0.0/8', '::ffff:10.0.0.7', '::ffff:10.0.0.7', 'the same address within IPv6'],
    ['192.168.0.0/16', '10.0.0.7', '10.0.0.7 is refused: it is a private address', 'another network'],
    ['10.0.0.7', '10.0.0.7', '10.0.0.7', 'an address'],
    ['10.0.0.7:8080', '10.0.0.7', '10.0.0.7', 'an address with the port'],
    ['10.0.0.7:8081', '10.0.0.7', '10.0.0.7 is refused: it is a private address', 'another port'],
    ['fd12::/48', 'fd12::7', 'fd12::7', 'a network of IPv6'],
    ['fd12::7', 'fd12::7', 'fd12::7', 'an address without brackets'],
    ['[fd12::7]:8080', 'fd12::7', 'fd12::7', 'one with a port'],
    ['models.lan', 'models.lan', '10.0.0.7', 'a name'],
    ['Models.LAN.', 'models.lan', '10.0.0.7', 'written otherwise'],
    ['models.lan', 'MODELS.lan.', '10.0.0.7', 'called otherwise'],
    ['models.lan:8080', 'models.lan', '10.0.0.7', 'a name with the port'],
    [
      'models.lan',
      'evil.models.lan',
      'evil.models.lan is refused: it is a private address',
      'not what is below it',
    ],
    ['models.lan', '10.0.0.7', '10.0.0.7 is refused: it is a private address', 'not its address by itself'],
    ['localhost', '127.0.0.1', '127.0.0.1', 'loopback'],
    ['localhost:8080', '::1', '::1', 'by each address'],
    ['localhost:1', '127.0.0.1', '127.0.0.1 is refused: it is a loopback address', 'another port of it'],
    [
      '0.0.0.0/0',
      '169.254.169.254',
      '169.254.169.254 is refused: it is a metadata address',
      'a wide network opens no metadata',
    ],
    ['169.254.169.254', '169.254.169.254', '169.254.169.254', 'its address does'],
    ['169.254.0.0/16', '169.254.1.1', '169.254.1.1', 'nor link-local, but by its own range'],
    [
      '0.0.0.0/0',
      '0.0.0.0',
      '0.0.0.0 is refused: it is an unspecified address',
      'nor the address of everything',
    ],
    ['a.example 10.0.0.0/8,b.example', '10.0.0.7', '10.0.0.7', 'one of several'],
  ])('%s, %s: %s (%s)', async (allow, host, expected) => {
    expect(await verdict(allow, host)).toBe(expected);
  });

  it('of a name opens no metadata, wherever the name leads', async () => {
    expect(await verdict('models.lan', 'models.lan', { at: ['169.254.169.254'] })).toMatch(
      /metadata address/,
    );
  });

  it.each([
    '10.0.0.0/33',
    '10.0.0/8',
    '010.0.0.0/8',
    '10.0.0.7:0',
    '10.0.0.7:70000',
    'http://a',
    'a/b',
    '*',
    '-a',
    '1.2.3',
    '[::1',
    ':80',
  ])('%s makes no sense', (entry) => {
    expect(() => listAllowedAddresses(entry)).toThrow(/is no network, address or name/);
  });
});

describe('a name', () => {
  it('leads to those of its addresses that may be called', async () => {
    expect(await verdict('', 'a.example', { at: ['10.0.0.7', '1.1.1.1', '::1'] })).toBe('1.1.1.1');
  });
});

describe('the control plane', () => {
  const controlPlane = [{ host: '1.1.1.1', port: 6443 }];
  it.each([
    ['', 6443, '1.1.1.1 is refused: it is an address of the control plane', 'public as it is'],
    [
      '1.1.1.0/24',
      6443,
      '1.1.1.1 is refused: it is an address of the control plane',
      'within an open network',
    ],
    ['1.1.1.1:6443', 6443, '1.1.1.1', 'unless somebody opens exactly this'],
    ['', 443, '1.1.1.1', 'another port is another service'],
  ])('with "%s" at port %i: %s (%s)', async (allow, port, expected) => {
    expect(await verdict(allow, '1.1.1.1', { port, controlPlane })).toBe(expected);
  });

  it('is known by its name, too', async () => {
    const options = { at: ['1.1.1.1'], port: 6443, controlPlane: [{ host: 'api.example', port: 6443 }] };
    expect(await verdict('', 'other.example', options)).toMatch(/control plane/);
  });
});
