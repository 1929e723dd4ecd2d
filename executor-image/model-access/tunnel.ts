import { connect } from 'node:http2';
import type { ClientHttp2Session } from 'node:http2';
import type { Duplex } from 'node:stream';
import { TUNNEL_WINDOW } from '#executor-manager/protocol/tunnel';

/** How long a call waits for a tunnel, as while the executor manager is started again. */
const WAIT_MS = 30_000;

/** Thrown when no tunnel came in time. */
export class NoTunnelError extends Error {
  override readonly name = 'NoTunnelError';
}

/** The runner's side of the tunnel: the one there is, or the next one. */
export class Tunnel {
  readonly #waitMs: number;
  #current: ClientHttp2Session | undefined;
  #next = Promise.withResolvers<ClientHttp2Session>();

  constructor(waitMs: number = WAIT_MS) {
    this.#waitMs = waitMs;
  }

  /** Takes a connection that was upgraded. It is the tunnel from now on: whoever opened an earlier one is gone. */
  attach(socket: Duplex): void {
    const session = connect('http://executor-manager', {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: TUNNEL_WINDOW.stream },
    });
    session.once('connect', () => session.setLocalWindowSize(TUNNEL_WINDOW.connection));
    // A tunnel that breaks takes its calls with it, and each of them says so.
    session.on('error', () => undefined);
    session.once('close', () => {
      if (this.#current === session) this.#current = undefined;
    });
    // The connections of a server stay half open; a manager that has ended its side is gone.
    socket.once('end', () => socket.destroy());
    // With an error, or its calls would look as if they had come to their end.
    this.#current?.destroy(new Error('there is another tunnel'));
    this.#current = session;
    this.#next.resolve(session);
    this.#next = Promise.withResolvers();
  }

  /** @throws NoTunnelError when there is none within the time. */
  async session(): Promise<ClientHttp2Session> {
    const current = this.#current;
    if (current !== undefined && !current.closed && !current.destroyed) return current;
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(
        new NoTunnelError(`no connection from the executor manager within ${this.#waitMs / 1000} s`),
      );
    }, this.#waitMs);
    try {
      return await Promise.race([this.#next.promise, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.#current?.destroy(new Error('the runner ends'));
  }
}
