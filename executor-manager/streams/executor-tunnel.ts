import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Transport } from '#api/client/transport';
import { backOffDelay } from '#api/machinery/back-off';
import { sleep } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { describeError } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import { isStatusError } from '#api/machinery/status-error';
import {
  CONNECTED_HEADER,
  EXECUTOR_TUNNEL_HEADER_BYTES,
  EXECUTOR_TUNNEL_PROTOCOL,
  EXECUTOR_TUNNEL_WINDOW,
  ONLY_REPLICA_HEADER,
  REPLICA_HEADER,
} from '#api/types/sandboxes/pod-stream';
import { serveTunnel } from './serve-tunnel.ts';

export interface ExecutorTunnelsOptions {
  api: Pick<Transport, 'upgrade'>;
  executorName: string;
  onStream: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;
  clock: Clock;
  logger: Logger;
  /** Ends them. */
  signal: AbortSignal;
}

/** The longest pause is also that between two looks for a replica that is new. */
const BACK_OFF = { first: 100, max: 30_000, jitter: 0.2 };

/**
 * Keeps a connection to each replica of the API, over which it can ask for streams of Pods (api/types/pod-stream). Where
 * they are is not known: behind the one address may be a load balancer. So the manager connects again and again, and says
 * which replicas it has; one of these refuses (as agents of Konnectivity do). Resolves when `signal` aborts.
 */
export async function keepExecutorTunnels(options: ExecutorTunnelsOptions): Promise<void> {
  const { signal, clock } = options;
  const tunnels = new Tunnels(options);
  for (let attempts = 0; !signal.aborted; attempts += 1) {
    // From now on: one may break while the next is asked for.
    const isBroken = tunnels.broken.then(() => true);
    const opened = await tunnels.openNext();
    if (opened) attempts = 0;
    const woken = new AbortController();
    const pause = sleep(clock, backOffDelay(BACK_OFF, attempts + 1), AbortSignal.any([signal, woken.signal]));
    // One that broke is opened again at once; the only one there is need not be looked for while it is there.
    const waits = tunnels.hasOnly ? [isBroken] : [isBroken, pause.then(() => false)];
    const broke = await Promise.race(waits).catch(() => false);
    woken.abort(new Error('a tunnel broke'));
    pause.catch(() => undefined);
    if (!broke) continue;
    attempts = 0;
    await sleep(clock, BACK_OFF.first, signal).catch(() => undefined);
  }
  await tunnels.closed();
}

/** Those that are open, by the id of the replica. */
class Tunnels {
  readonly #options: ExecutorTunnelsOptions;
  readonly #open = new Map<string, Promise<void>>();
  #broken = Promise.withResolvers<void>();
  #onlyID: string | undefined;
  #warned = false;

  constructor(options: ExecutorTunnelsOptions) {
    this.#options = options;
    options.signal.addEventListener('abort', () => this.#broken.resolve(), { once: true });
  }

  /** Resolves when the next one ends, or all are to. */
  get broken(): Promise<void> {
    return this.#broken.promise;
  }

  /** The server has said that there is no other, and the tunnel to it is open. */
  get hasOnly(): boolean {
    return this.#onlyID !== undefined && this.#open.has(this.#onlyID);
  }

  /** Whether there is one more. Never throws. */
  async openNext(): Promise<boolean> {
    const { api, executorName, signal, logger } = this.#options;
    const path = `/apis/agent.wecode.io/v1alpha1/executors/${encodeURIComponent(executorName)}/tunnel`;
    const headers = { [CONNECTED_HEADER]: [...this.#open.keys()].join(',') };
    try {
      const answer = await api.upgrade({ path, protocol: EXECUTOR_TUNNEL_PROTOCOL, headers, signal });
      const id = String(answer.headers[REPLICA_HEADER] ?? '');
      this.#onlyID = answer.headers[ONLY_REPLICA_HEADER] === 'true' ? id : undefined;
      const serving = serveTunnel(answer.socket, {
        ...this.#options,
        window: EXECUTOR_TUNNEL_WINDOW,
        maxHeaderBytes: EXECUTOR_TUNNEL_HEADER_BYTES,
      });
      this.#open.set(id, serving);
      void serving.then(() => this.#ended(id, serving));
      this.#warned = false;
      return true;
    } catch (error) {
      const isKnown = isStatusError(error, 'Conflict');
      if (!isKnown && !signal.aborted && !this.#warned && this.#open.size === 0) {
        this.#warned = true;
        const cause = describeError(error);
        logger.warn('no connection for exec, attach and port-forward yet', { cause });
      }
      return false;
    }
  }

  async closed(): Promise<void> {
    await Promise.all(this.#open.values());
  }

  #ended(id: string, serving: Promise<void>): void {
    if (this.#open.get(id) === serving) this.#open.delete(id);
    this.#broken.resolve();
    this.#broken = Promise.withResolvers();
    if (this.#options.signal.aborted) this.#broken.resolve();
  }
}
