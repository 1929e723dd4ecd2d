import { request } from 'node:http';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { backOffDelay } from '#api/machinery/back-off';
import { sleep } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { describeError } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import { StatusError, isStatusError } from '#api/machinery/status-error';
import type { RuntimeAddress } from '../drivers/driver.ts';
import { TUNNEL_PATH, TUNNEL_PROTOCOL, TUNNEL_WINDOW } from '../protocol/tunnel.ts';
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

const CONNECT_MS = 10_000;
const BACK_OFF = { first: 50, max: 5000 };

/**
 * Keeps a tunnel to a runner open until `signal` aborts, and opens it again when it breaks. Resolves then, or when the
 * runner has no tunnels.
 */
export async function keepTunnel(options: TunnelOptions): Promise<void> {
  const { signal, clock, logger } = options;
  for (let failures = 0; !signal.aborted;) {
    try {
      const socket = await upgrade(options);
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

/** @throws StatusError NotFound for a runner without tunnels, else ServiceUnavailable. */
function upgrade({ address, token, signal, clock }: TunnelOptions): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const asking = request({
      ...{ host: address.host, port: address.port, path: TUNNEL_PATH, agent: false, signal },
      headers: {
        authorization: `Bearer ${token}`,
        connection: 'Upgrade',
        upgrade: TUNNEL_PROTOCOL,
      },
    });
    const cancel = clock.after(CONNECT_MS, () => asking.destroy(new Error('no answer in time')));
    const fail = (error: Error): void => {
      cancel();
      reject(error);
    };
    asking.once('upgrade', (_, socket, head) => {
      cancel();
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    asking.once('response', (answer) => {
      answer.resume();
      const reason = answer.statusCode === 404 ? 'NotFound' : 'ServiceUnavailable';
      fail(new StatusError(reason, `the runner answered ${answer.statusCode}`));
    });
    asking.on('error', (cause) => fail(new StatusError('ServiceUnavailable', 'no answer', { cause })));
    asking.end();
  });
}
