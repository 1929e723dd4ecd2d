import { expect, it } from 'vitest';
import { lookUpService } from './service-hosts.ts';

it('host.docker.internal is this machine, loopback first', async () => {
  const [first] = await lookUpService('host.docker.internal');
  expect(['127.0.0.1', '::1']).toContain(first?.address);
});

it('other names are looked up', async () => {
  expect(await lookUpService('127.0.0.1')).toEqual([{ address: '127.0.0.1', family: 4 }]);
});
