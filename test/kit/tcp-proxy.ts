import { once } from 'node:events';
import { createServer, connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** A network between a client and a server, that a test can make bad. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** Ends every connection; new ones pass. */
  cut(): void;
  /** From now on nothing passes on the connections there are, not even their end; new ones pass. */
  stall(): void;
  /** New connections are accepted and nothing passes on them. */
  swallow(on: boolean): void;
}

interface Pair {
  client: Socket;
  server: Socket | undefined;
}

/** To a port of this machine; `host` is the address that it listens on. */
export async function tcpProxy(target: number, host = '127.0.0.1'): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  let swallowing = false;
  const listener = createServer({ allowHalfOpen: true }, (client) => {
    const server = swallowing ? undefined : connect({ port: target, host: '127.0.0.1', allowHalfOpen: true });
    const pair = { client, server };
    pairs.add(pair);
    client.on('error', () => undefined);
    if (server === undefined) return;
    join(pair, server);
  });
  listener.listen(0, host);
  await once(listener, 'listening');
  const cut = (): void => {
    for (const { client, server } of pairs) {
      client.destroy();
      server?.destroy();
    }
    pairs.clear();
  };
  return {
    port: (listener.address() as AddressInfo).port,
    cut,
    stall() {
      for (const { client, server } of pairs) {
        for (const socket of [client, server])
          socket?.removeAllListeners('data').removeAllListeners('end').pause();
        for (const socket of [client, server])
          socket?.removeAllListeners('close').on('error', () => undefined);
      }
    },
    swallow(on) {
      swallowing = on;
    },
    async [Symbol.asyncDispose]() {
      cut();
      listener.close();
      await once(listener, 'close');
    },
  };
}

function join({ client }: Pair, server: Socket): void {
  server.on('error', () => client.destroy());
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    from.on('data', (bytes: Buffer) => to.write(bytes));
    from.on('end', () => to.end());
    from.on('close', () => to.destroy());
  }
}
