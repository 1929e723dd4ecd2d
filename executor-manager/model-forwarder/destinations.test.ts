import type { LookupAddress } from 'node:dns';
import { describe, expect, it } from 'vitest';
import { RefusedAddressError, checkDestination, lookUpService } from './destinations.ts';

const lookUp = (host: string): Promise<LookupAddress[]> =>
  new Promise((resolve, reject) => {
    lookUpService(host, { all: true }, (error, found) =>
      error === null ? resolve(found as LookupAddress[]) : reject(error),
    );
  });

describe('an address that no Model may have', () => {
  it.each([
    ['169.254.169.254', 'where clouds tell about the machine'],
    ['169.254.0.1', 'link-local'],
    ['2852039166', 'the same as one number'],
    ['0xa9.0xfe.0xa9.0xfe', 'the same in other digits'],
    ['[fe80::1]', 'link-local of IPv6'],
    ['[::ffff:169.254.169.254]', 'the same within IPv6'],
    ['[64:ff9b::a9fe:a9fe]', 'the same through NAT64'],
    ['[fd00:ec2::254]', "Amazon's over IPv6"],
    ['100.100.100.200', "Alibaba's"],
  ])('%s: %s', (host) => {
    expect(() => checkDestination(new URL(`http://${host}/v1`))).toThrow(RefusedAddressError);
  });

  it('is refused behind a name, too', async () => {
    await expect(lookUp('169.254.169.254')).rejects.toThrow(RefusedAddressError);
  });
});

it.each(['127.0.0.1', '10.0.0.1', '[::1]', 'api.anthropic.com', '169.253.1.1'])('%s may be one', (host) => {
  expect(() => checkDestination(new URL(`http://${host}/v1`))).not.toThrow();
});

it('host.docker.internal is this machine, loopback first', async () => {
  const [first] = await lookUp('host.docker.internal');
  expect(['127.0.0.1', '::1']).toContain(first?.address);
});

it('answers in the form that was asked for', async () => {
  const one = new Promise((resolve, reject) => {
    lookUpService('127.0.0.1', {}, (error, address, family) =>
      error === null ? resolve([address, family]) : reject(error),
    );
  });
  expect(await one).toEqual(['127.0.0.1', 4]);
});
