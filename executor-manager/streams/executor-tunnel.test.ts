import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ExecutorTunnels } from '#api/server/streams/executor-tunnels';
import type { UpgradeRequest } from '#api/client/upgrade';
import { silentLogger } from '#api/machinery/logger';
import { systemClock } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { StatusError } from '#api/machinery/status-error';
import { CONNECTED_HEADER, ONLY_REPLICA_HEADER, REPLICA_HEADER } from '#api/types/sandboxes/pod-stream';
import type { PodStreamRequest } from '#api/types/sandboxes/pod-stream';
import { keepExecutorTunnels } from './executor-tunnel.ts';

/** Of a tunnel (api/machinery/keep-alive). */
const PING_MS = 15_000;

const REQUEST: PodStreamRequest = {
  ...{ kind: 'exec', namespace: 'default', name: 'box', uid: 'u', query: '' },
  webSocket: {},
};

let ending: AbortController;
const all: Promise<void>[] = [];
const connections: Socket[] = [];
beforeEach(() => {
  ending = new AbortController();
});
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

it('opens one again at once that breaks while another is asked for', async () => {
  const server = new ExecutorTunnels({ clock: systemClock, isOnly: false });
  const ended = Promise.withResolvers<void>();
  const pauses: number[] = [];
  const clock: Clock = {
    ...systemClock,
    // Pauses are over at once, and only their lengths count; nobody pings.
    after(ms, fn) {
      if (ms === PING_MS) return () => undefined;
      pauses.push(ms);
      return systemClock.after(0, fn);
    },
  };
  let calls = 0;
  let pausesBefore = 0;
  const upgrade = async (): Promise<{ socket: Socket; headers: Record<string, string> }> => {
    calls += 1;
    if (calls === 12) ended.resolve();
    if (calls === 1) {
      const [ours, theirs] = await socketPair();
      connections.push(ours);
      all.push(server.attach('ex', theirs, ending.signal));
      return { socket: ours, headers: { [REPLICA_HEADER]: server.id } };
    }
    if (calls === 8) {
      const connection = connections.at(-1);
      connection?.destroy();
      await vi.waitUntil(() => server.count === 0);
      pausesBefore = pauses.length;
    }
    throw new StatusError('Conflict', 'connected already');
  };
  all.push(
    keepExecutorTunnels({
      api: { upgrade },
      ...{ executorName: 'ex', clock, logger: silentLogger, signal: ending.signal },
      onStream: () => undefined,
    }),
  );
  await ended.promise;
  expect(pauses.slice(0, pausesBefore).at(-1), 'it has looked long for others').toBeGreaterThan(2000);
  expect(pauses[pausesBefore + 1], 'the pause after the break').toBe(100);
});
