import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { describeError } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import { RUNNER_CONTAINER_PORT } from '../../protocol/runner-environment.ts';
import type { RuntimeAddress } from '../driver.ts';
import type { ClusterConnection } from './cluster-connection.ts';
import { openPodSocket } from './pod-socket.ts';

export interface PortForwardsOptions {
  cluster: Pick<ClusterConnection, 'dial' | 'namespace'>;
  logger: Logger;
  /** Ends all of them. */
  signal: AbortSignal;
}

const HOST = '127.0.0.1';

/**
 * Ports of this machine's loopback that lead to runners through the cluster's API, for a manager outside of the Pods'
 * network. Each connection is one WebSocket of pods/portforward; the runner asks for the token on all of them.
 */
export class PortForwards {
  readonly #options: PortForwardsOptions;
  readonly #forwards = new Map<string, Promise<Server>>();
  readonly #connections = new Map<string, Set<Socket>>();

  constructor(options: PortForwardsOptions) {
    this.#options = options;
    options.signal.addEventListener(
      'abort',
      () => [...this.#forwards.keys()].forEach((pod) => this.close(pod)),
      { once: true },
    );
  }

  /** The same one for a Pod until it is closed. */
  async addressOf(pod: string): Promise<RuntimeAddress> {
    const opening = this.#forwards.get(pod) ?? this.#begin(pod);
    const { port } = (await opening).address() as AddressInfo;
    return { host: HOST, port };
  }

  close(pod: string): void {
    this.#forwards.get(pod)?.then(
      (server) => server.close(),
      () => undefined, // whoever asked for it was told
    );
    this.#forwards.delete(pod);
    this.#connections.get(pod)?.forEach((socket) => socket.destroy());
    this.#connections.delete(pod);
  }

  #begin(pod: string): Promise<Server> {
    const opening = this.#open(pod);
    this.#forwards.set(pod, opening);
    // A process with too many open files cannot listen just now.
    opening.catch(() => this.#forwards.delete(pod));
    return opening;
  }

  async #open(pod: string): Promise<Server> {
    const server = createServer({ pauseOnConnect: true }, (socket) => void this.#forward(pod, socket));
    server.listen(0, HOST);
    await once(server, 'listening');
    // A forward to a Pod keeps no process alive.
    server.unref();
    return server;
  }

  async #forward(pod: string, socket: Socket): Promise<void> {
    const all = this.#connections.get(pod) ?? new Set();
    this.#connections.set(pod, all.add(socket));
    socket.once('close', () => all.delete(socket));
    socket.on('error', () => socket.destroy());
    try {
      const query = new URLSearchParams({ ports: String(RUNNER_CONTAINER_PORT) });
      const protocols = ['v4.channel.k8s.io'];
      const request = { pod, subresource: 'portforward' as const, query, protocols };
      const cluster = await openPodSocket(this.#options.cluster, request);
      // The forward was closed meanwhile, and nothing would end this side of it.
      if (socket.destroyed) cluster.terminate();
      else join(socket, cluster);
    } catch (error) {
      // The caller sees a connection that ends, and tries again.
      this.#options.logger.debug('a port cannot be forwarded', { pod, cause: describeError(error) });
      socket.destroy();
    }
  }
}

const DATA = 0;
/** Each channel begins with the port, in two bytes (kubelet, portforward/websocket.go). */
const PORT_BYTES = 2;
/** So much may wait for the cluster before nothing further is read. */
const MAX_BUFFERED_BYTES = 256 * 1024;

function join(socket: Socket, cluster: WebSocket): void {
  const begun = new Set<number>();
  socket.on('data', (data: Buffer) => {
    cluster.send(Buffer.concat([Buffer.from([DATA]), data]), () => socket.resume());
    if (cluster.bufferedAmount > MAX_BUFFERED_BYTES) socket.pause();
  });
  cluster.on('message', (message: Buffer) => {
    const channel = message[0] ?? 0;
    const data = message.subarray(begun.has(channel) ? 1 : 1 + PORT_BYTES);
    begun.add(channel);
    if (data.length === 0) return;
    // Words on the other channel are a refusal: nothing listens there.
    if (channel !== DATA) socket.destroy();
    else if (!socket.write(data)) {
      cluster.pause();
      socket.once('drain', () => cluster.resume());
    }
  });
  cluster.once('close', () => socket.destroy());
  socket.once('close', () => cluster.terminate());
  cluster.resume();
  socket.resume();
}
