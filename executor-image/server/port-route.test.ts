import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { createServer as createPort } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PORT_PROTOCOL, portPath } from '#executor-manager/protocol/port';
import { acceptPort, isPortRequest } from './port-route.ts';

const TOKEN = 'secret';
const tokenHash = createHash('sha256').update(TOKEN).digest('hex');
let runner: Server;
let service: Server;

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

beforeAll(async () => {
  service = createPort((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  runner = createServer().on('upgrade', (asked: IncomingMessage, socket: Duplex, head: Buffer) => {
    void acceptPort(tokenHash, asked, { socket, head });
  });
  runner.listen(0, '127.0.0.1');
  await Promise.all([once(runner, 'listening'), once(service, 'listening')]);
});
afterAll(async () => {
  runner.close();
  service.close();
  await Promise.all([once(runner, 'close'), once(service, 'close')]);
});

/** The status of the answer, and what the connection says when `hello` was sent. */
async function ask(path: string, headers: Record<string, string> = {}): Promise<[number, string]> {
  const asking = request({
    ...{ host: '127.0.0.1', port: portOf(runner), path, agent: false },
    headers: { authorization: `Bearer ${TOKEN}`, connection: 'Upgrade', upgrade: PORT_PROTOCOL, ...headers },
  }).end();
  const answered = await Promise.race([once(asking, 'upgrade'), once(asking, 'response')]);
  const [answer, socket] = answered as [IncomingMessage, Duplex | undefined];
  if (socket === undefined) return [answer.statusCode ?? 0, await text(answer)];
  socket.end('hello');
  return [answer.statusCode ?? 0, await text(socket)];
}

it('connects to a port, both ways and to the end', async () => {
  expect(await ask(portPath(portOf(service)))).toEqual([101, 'hello']);
});

it.each([
  ['/v1/ports/1', {}, 502, 'nothing listens on port 1'],
  ['/v1/ports/0', {}, 404, 'not found'],
  ['/v1/ports/65536', {}, 404, 'not found'],
  ['/v1/ports/80/x', {}, 404, 'not found'],
  ['/v1/ports/1', { authorization: 'Bearer other' }, 401, 'a token is needed'],
  ['/v1/ports/1', { upgrade: 'websocket' }, 426, 'upgrade to troupe-port'],
] as [string, Record<string, string>, number, string][])(
  'refuses %s with %j: %i',
  async (path, headers, status, said) => {
    expect(await ask(path, headers)).toEqual([status, said]);
  },
);

it.each([
  [portPath(8000), true],
  ['/v1/tunnel', false],
])('knows whether %s is a port: %s', (url, expected) => {
  expect(isPortRequest({ url } as IncomingMessage)).toBe(expected);
});
