import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';

/** A TCP load balancer such as stands in front of replicas. It knows nothing of TLS or HTTP. */
export interface LoadBalancer extends AsyncDisposable {
  readonly url: string;
}

export interface LoadBalancerOptions {
  host: string;
  port: number;
  /** Ports of 127.0.0.1; each connection goes to the next one that takes it. */
  targets: readonly number[];
}

export async function loadBalancer({ host, port, targets }: LoadBalancerOptions): Promise<LoadBalancer> {
  const clients = new Set<Socket>();
  let turn = 0;
  const server = createServer((client) => {
    clients.add(client);
    client.once('close', () => clients.delete(client));
    // Whoever breaks a connection has had its reasons: the other side is told below.
    client.on('error', () => undefined);
    const first = turn++ % targets.length;
    forward(client, [...targets.slice(first), ...targets.slice(0, first)]);
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    url: `https://${host}:${port}`,
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function forward(client: Socket, [port, ...others]: readonly number[]): void {
  if (port === undefined) {
    client.destroy();
    return;
  }
  const target = connect(port, '127.0.0.1');
  const next = (): void => forward(client, others);
  target.once('error', next);
  target.once('connect', () => {
    target.off('error', next);
    target.on('error', () => client.destroy());
    target.once('close', () => client.destroy());
    client.once('close', () => target.destroy());
    client.pipe(target).pipe(client);
  });
}
