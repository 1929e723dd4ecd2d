import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Transport } from '#api/client/transport';
import { backOffDelay } from '#api/machinery/back-off';
import { sleep } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { describeError } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import { EXECUTOR_TUNNEL_PROTOCOL, EXECUTOR_TUNNEL_WINDOW } from '#api/types/pod-stream';
import { serveTunnel } from './serve-tunnel.ts';

export interface ExecutorTunnelOptions {
  api: Pick<Transport, 'upgrade'>;
  executorName: string;
  onStream: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;
  clock: Clock;
  logger: Logger;
  /** Ends it. */
  signal: AbortSignal;
}

const BACK_OFF = { first: 100, max: 15_000 };

/**
 * Keeps a connection to the API over which it can ask for streams of Pods (api/types/pod-stream), and opens it again when it
 * breaks. Resolves when `signal` aborts.
 */
export async function keepExecutorTunnel(options: ExecutorTunnelOptions): Promise<void> {
  const { api, executorName, signal, clock, logger } = options;
  const path = `/apis/agent.wecode.io/v1alpha1/executors/${encodeURIComponent(executorName)}/tunnel`;
  const service = { ...options, window: EXECUTOR_TUNNEL_WINDOW };
  for (let failures = 0; !signal.aborted;) {
    try {
      const { socket } = await api.upgrade({ path, protocol: EXECUTOR_TUNNEL_PROTOCOL, signal });
      failures = 0;
      await serveTunnel(socket, service);
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      const cause = describeError(error);
      if (failures === 1) logger.warn('no connection for exec, attach and port-forward yet', { cause });
    }
    await sleep(clock, backOffDelay(BACK_OFF, Math.max(1, failures)), signal).catch(() => undefined);
  }
}
