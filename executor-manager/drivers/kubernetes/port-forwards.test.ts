import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { WebSocketServer } from 'ws';
import { silentLogger } from '#api/machinery/logger';
import { PortForwards } from './port-forwards.ts';

const stack = new AsyncDisposableStack();
afterEach(() => stack.disposeAsync());

it('a forward that is closed while the cluster answers leaves no connection to it', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  const cluster = new WebSocketServer({ server });
  stack.defer(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  const dial = async () => {
    asked.resolve();
    await answer.promise;
    return { server: `http://127.0.0.1:${port}`, headers: {}, rejectUnauthorized: true };
  };
  const { signal } = new AbortController();
  const forwards = new PortForwards({ cluster: { dial, namespace: 'n' }, logger: silentLogger, signal });
  const client = connect(await forwards.addressOf('rt-1'));
  client.on('error', () => undefined);
  await asked.promise;
  forwards.close('rt-1');
  answer.resolve();
  const [opened] = (await once(cluster, 'connection')) as [WebSocket];
  await once(opened, 'close');
  expect(cluster.clients.size).toBe(0);
});
