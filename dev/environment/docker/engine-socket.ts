import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';

/** A socket in front of a real engine's, which can go away and come back as an engine does that is restarted. */
export interface EngineSocket extends AsyncDisposable {
  /** As in DOCKER_HOST. */
  readonly address: string;
  open(): Promise<void>;
  /** Cuts every connection. */
  close(): Promise<void>;
}

export function engineSocket(path: string, engine: string): EngineSocket {
  const sockets = new Set<Socket>();
  let server: Server | undefined;

  function relay(client: Socket): void {
    const upstream = connect(engine.slice('unix://'.length));
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.pipe(other);
      // A cut connection is what this is for.
      socket.on('error', () => other.destroy());
      socket.on('close', () => sockets.delete(socket) && other.destroy());
    }
  }

  async function close(): Promise<void> {
    const closing = server;
    server = undefined;
    for (const socket of sockets) socket.destroy();
    if (closing === undefined) return;
    closing.close();
    await once(closing, 'close');
  }

  return {
    address: `unix://${path}`,
    async open() {
      server = createServer(relay).listen(path);
      await once(server, 'listening');
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
