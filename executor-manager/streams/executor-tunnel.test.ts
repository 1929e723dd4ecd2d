import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, it, vi } from 'vitest';
import { ExecutorTunnels } from '#api/server/streams/executor-tunnels';
import type { UpgradeRequest } from '#api/client/upgrade';
import { silentLogger } from '#api/machinery/logger';
import { systemClock } from '#api/machinery/clock';
import { StatusError } from '#api/machinery/status-error';
import { CONNECTED_HEADER, ONLY_REPLICA_HEADER, REPLICA_HEADER } from '#api/types/pod-stream';
import type { PodStreamRequest } from '#api/types/pod-stream';
import { keepExecutorTunnels } from './executor-tunnel.ts';

const REQUEST: PodStreamRequest = {
  ...{ kind: 'exec', namespace: 'default', name: 'box', uid: 'u', query: '' },
  webSocket: {},
};

const ending = new AbortController();
const all: Promise<void>[] = [];
const connections: Socket[] = [];
afterEach(async () => {
  ending.abort(new Error('the test is over'));
  await Promise.all(all);
});

/** The two ends of a connection. */
async function socketPair(): Promise<[Socket, Socket]> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const ours = connect((listener.address() as AddressInfo).port, '127.0.0.1');
  const [[theirs]] = (await Promise.all([once(listener, 'connection'), once(ours, 'connect')])) as [
    [Socket],
    [],
  ];
  listener.close();
  return [ours, theirs];
}

/** Servers behind a load balancer that takes one after the other. */
function balanced(servers: readonly ExecutorTunnels[]) {
  let turn = 0;
  return {
    async upgrade({ headers = {} }: UpgradeRequest) {
      const server = servers[turn % servers.length];
      turn += 1;
      if (server === undefined) throw new StatusError('ServiceUnavailable', 'no server');
      if ((headers[CONNECTED_HEADER] ?? '').split(',').includes(server.id)) {
        throw new StatusError('Conflict', 'connected already');
      }
      const [ours, theirs] = await socketPair();
      connections.push(ours);
      all.push(server.attach('ex', theirs, ending.signal));
      const answer = { [REPLICA_HEADER]: server.id, [ONLY_REPLICA_HEADER]: String(servers.length === 1) };
      return { socket: ours, headers: answer };
    },
  };
}

async function saidOn(server: ExecutorTunnels): Promise<string> {
  return text(await server.open('ex', REQUEST));
}

it('connects to each of several servers behind one address, and again to one that has lost it', async () => {
  const servers = [1, 2, 3].map(() => new ExecutorTunnels({ clock: systemClock, isOnly: false }));
  all.push(
    keepExecutorTunnels({
      api: balanced(servers),
      executorName: 'ex',
      ...{ clock: systemClock, logger: silentLogger, signal: ending.signal },
      onStream(stream) {
        stream.on('error', () => undefined);
        stream.respond({ ':status': 200 });
        stream.end('here');
      },
    }),
  );
  expect(await Promise.all(servers.map(saidOn))).toEqual(['here', 'here', 'here']);
  const before = connections.length;
  connections[1]?.destroy();
  await vi.waitUntil(() => connections.length > before);
  expect(await Promise.all(servers.map(saidOn))).toEqual(['here', 'here', 'here']);
});
