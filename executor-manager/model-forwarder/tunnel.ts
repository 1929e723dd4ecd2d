import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { backOffDelay } from '#api/machinery/back-off';
import { sleep } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { describeError } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import { isStatusError } from '#api/machinery/status-error';
import type { RuntimeAddress } from '../drivers/driver.ts';
import { TUNNEL_PATH, TUNNEL_PROTOCOL, TUNNEL_WINDOW } from '../protocol/tunnel.ts';
import { upgradeRunner } from '../run/runner-upgrade.ts';
import { serveTunnel } from '../streams/serve-tunnel.ts';

export interface TunnelOptions {
  address: RuntimeAddress;
  token: string;
  clock: Clock;
  logger: Logger;
  onStream: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;
  /** Ends it. */
  signal: AbortSignal;
}

const BACK_OFF = { first: 50, max: 5000 };

/**
 * Keeps a tunnel to a runner open until `signal` aborts, and opens it again when it breaks. Resolves then, or when the
 * runner has no tunnels.
 */
export async function keepTunnel(options: TunnelOptions): Promise<void> {
  const { signal, clock, logger } = options;
  for (let failures = 0; !signal.aborted;) {
    try {
      const socket = await upgradeRunner({ ...options, path: TUNNEL_PATH, protocol: TUNNEL_PROTOCOL });
      failures = 0;
      await serveTunnel(socket, { ...options, window: TUNNEL_WINDOW });
      logger.debug('the tunnel to a runner has ended');
    } catch (error) {
      if (signal.aborted) return;
      if (isStatusError(error, 'NotFound')) {
        logger.warn('the runner is of an older version and has no tunnels');
        return;
      }
      failures += 1;
      logger.debug('no tunnel to a runner, trying again', { cause: describeError(error) });
    }
    await sleep(clock, backOffDelay(BACK_OFF, Math.max(1, failures)), signal).catch(() => undefined);
  }
}
