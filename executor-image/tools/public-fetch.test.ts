import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { isClosedAddress, publicFetch } from './public-fetch.ts';

it.each([
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['0.0.0.0', true],
  ['169.254.169.254', true],
  ['100.100.100.200', true],
  ['::1', true],
  ['::', true],
  ['::ffff:127.0.0.1', true],
  ['fe80::1', true],
  ['fd00:ec2::254', true],
  ['10.1.2.3', false],
  ['192.0.2.1', false],
  ['2001:db8::1', false],
])('%s is closed: %s', (address, closed) => {
  expect(isClosedAddress(address)).toBe(closed);
});

it.each(['127.0.0.1', 'localhost', '[::1]', '0x7f000001', '2130706433', '[::ffff:127.0.0.1]'])(
  'nothing is sent to %s',
  async (host) => {
    let asked = 0;
    const server = createServer((_, response) => {
      asked += 1;
      response.end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await expect(publicFetch(`http://${host}:${port}/`)).rejects.toThrow(/which conversations may not reach/);
    expect(asked).toBe(0);
    server.close();
  },
);
