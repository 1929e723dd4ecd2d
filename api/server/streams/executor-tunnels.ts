import { randomUUID } from 'node:crypto';
import { connect } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { sleep } from '../../machinery/clock.ts';
import type { Clock } from '../../machinery/clock.ts';
import { fieldsOf } from '../../machinery/json/json.ts';
import { keepAlive } from '../../machinery/keep-alive.ts';
import { isStatusReason, StatusError, toStatusError } from '../../machinery/status-error.ts';
import {
  EXECUTOR_TUNNEL_HEADER_BYTES,
  EXECUTOR_TUNNEL_WINDOW,
  podStreamHeaders,
} from '../../types/sandboxes/pod-stream.ts';
import type { PodStreamRequest } from '../../types/sandboxes/pod-stream.ts';

/** How long a stream waits for the tunnel of its executor, as while its manager connects again. */
const WAIT_MS = 5000;
/** Of a refusal. */
const MAX_REFUSAL_BYTES = 64 * 1024;

/** The tunnels that executor managers keep to this server, by the name of the Executor (api/types/pod-stream). */
export class ExecutorTunnels {
  /** Of this server, among those that share a database. */
  readonly id: string = randomUUID();
  /** No other server shares its database. */
  readonly isOnly: boolean;
  readonly #clock: Clock;
  readonly #open = new Map<string, ClientHttp2Session>();
  /** Those who wait for one. */
  readonly #awaited = new Map<string, PromiseWithResolvers<ClientHttp2Session>>();

  constructor({ clock, isOnly }: { clock: Clock; isOnly: boolean }) {
    this.#clock = clock;
    this.isOnly = isOnly;
  }

  /** How many there are. */
  get count(): number {
    return this.#open.size;
  }

  /**
   * Takes a connection that was upgraded, until it ends or `signal` aborts. It is the tunnel of the Executor from now on:
   * whoever opened an earlier one is gone.
   */
  async attach(executor: string, socket: Duplex, signal: AbortSignal): Promise<void> {
    const session = connect('http://executor-manager', {
      createConnection: () => socket,
      maxSendHeaderBlockLength: EXECUTOR_TUNNEL_HEADER_BYTES,
      settings: { enablePush: false, initialWindowSize: EXECUTOR_TUNNEL_WINDOW.stream },
    });
    session.once('connect', () => session.setLocalWindowSize(EXECUTOR_TUNNEL_WINDOW.connection));
    // One that breaks takes its streams with it, and each of them says so.
    session.on('error', () => undefined);
    const closed = new Promise<void>((resolve) => {
      session.once('close', resolve);
    });
    // Without an error: that would be one of the manager's side too.
    this.#open.get(executor)?.destroy();
    this.#open.set(executor, session);
    this.#awaited.get(executor)?.resolve(session);
    this.#awaited.delete(executor);
    const stopPings = keepAlive(session, this.#clock);
    const end = (): void => session.destroy();
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    await closed;
    stopPings();
    signal.removeEventListener('abort', end);
    if (this.#open.get(executor) === session) this.#open.delete(executor);
    socket.destroy();
  }

  /**
   * Opens a stream of a Pod.
   * @param options whether it waits a while for a tunnel that is not there
   * @throws StatusError ServiceUnavailable when its executor manager cannot be reached; the manager's own refusal
   */
  async open(
    executor: string,
    request: PodStreamRequest,
    { waits = true }: { waits?: boolean } = {},
  ): Promise<ClientHttp2Stream> {
    const session = this.#current(executor) ?? (waits ? await this.#nextSession(executor) : undefined);
    if (session === undefined) throw away(executor);
    let stream: ClientHttp2Stream;
    try {
      stream = session.request(podStreamHeaders(request), { endStream: false });
    } catch (cause) {
      throw away(executor, cause);
    }
    const status = await new Promise<number>((resolve, reject) => {
      stream.once('response', (headers) => resolve(Number(headers[':status'])));
      stream.on('error', (cause) => reject(away(executor, cause)));
      stream.once('close', () => reject(away(executor)));
    });
    if (status === 200) return stream;
    throw await refusal(stream);
  }

  #current(executor: string): ClientHttp2Session | undefined {
    const current = this.#open.get(executor);
    return current === undefined || current.closed || current.destroyed ? undefined : current;
  }

  async #nextSession(executor: string): Promise<ClientHttp2Session> {
    const awaited = this.#awaited.get(executor) ?? Promise.withResolvers<ClientHttp2Session>();
    this.#awaited.set(executor, awaited);
    const inTime = new AbortController();
    const late = sleep(this.#clock, WAIT_MS, inTime.signal).then(() => {
      this.#awaited.delete(executor);
      throw away(executor);
    });
    late.catch(() => undefined);
    try {
      return await Promise.race([awaited.promise, late]);
    } finally {
      inTime.abort(new Error('the tunnel is there'));
    }
  }
}

function away(executor: string, cause?: unknown): StatusError {
  const text = `the executor manager of ${executor} has no connection to this server`;
  return new StatusError('ServiceUnavailable', text, cause === undefined ? {} : { cause });
}

/** The manager's reason against the stream; input, like all that it says. */
async function refusal(stream: ClientHttp2Stream): Promise<StatusError> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_REFUSAL_BYTES) break;
      chunks.push(chunk);
    }
    const { reason, message } = fieldsOf(JSON.parse(Buffer.concat(chunks).toString('utf8')));
    if (isStatusReason(reason) && typeof message === 'string') return new StatusError(reason, message);
  } catch (error) {
    return toStatusError(error);
  }
  return new StatusError('InternalError', 'the executor manager refused, and did not say why');
}
