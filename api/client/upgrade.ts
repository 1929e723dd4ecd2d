import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { StatusError } from '../machinery/status-error.ts';
import type { Auth } from './credentials.ts';
import { connectionError, responseError } from './transport-error.ts';

export interface UpgradeRequest {
  /** Path and query. */
  path: string;
  /** For the header Upgrade. */
  protocol: string;
  headers?: Record<string, string>;
  signal: AbortSignal;
}

/** A connection that speaks another protocol from here on. */
export interface UpgradedConnection {
  socket: Duplex;
  /** Of the answer. */
  headers: IncomingHttpHeaders;
}

export interface UpgradeServer {
  server: string;
  ca?: string | undefined;
  skipTLSVerify?: boolean | undefined;
  tlsServerName?: string | undefined;
  auth: Auth;
  userAgent: string;
}

/** Until the answer. */
const ANSWER_MS = 10_000;

/**
 * Asks a server to upgrade a connection of its own, by POST: who may only read opens none.
 * @throws StatusError as the server answers; ServiceUnavailable when it is away
 */
export async function requestUpgrade(
  to: UpgradeServer,
  { path, protocol, headers, signal }: UpgradeRequest,
): Promise<UpgradedConnection> {
  const url = new URL(to.server);
  const { auth, ca, skipTLSVerify, tlsServerName } = to;
  const send = url.protocol === 'http:' ? httpRequest : httpsRequest;
  const asking = send({
    host: url.hostname.replaceAll(/[[\]]/g, ''),
    port: url.port || (url.protocol === 'http:' ? 80 : 443),
    path: url.pathname.replace(/\/$/, '') + path,
    ...{ method: 'POST', agent: false, signal, timeout: ANSWER_MS },
    headers: {
      ...headers,
      ...auth.headers,
      'user-agent': to.userAgent,
      ...{ connection: 'Upgrade', upgrade: protocol, 'content-length': '0' },
    },
    ...(ca !== undefined && { ca }),
    ...(auth.certificate !== undefined && { cert: auth.certificate }),
    ...(auth.key !== undefined && { key: auth.key }),
    ...(skipTLSVerify === true && { rejectUnauthorized: false }),
    ...(tlsServerName !== undefined && { servername: tlsServerName }),
  });
  try {
    const answer = await new Promise<IncomingMessage | UpgradedConnection>((resolve, reject) => {
      asking.once('upgrade', ({ headers }, socket, head) => {
        if (head.length > 0) socket.unshift(head);
        socket.setTimeout(0);
        resolve({ socket, headers });
      });
      asking.once('response', resolve);
      asking.once('timeout', () => asking.destroy(new Error(`no answer within ${ANSWER_MS / 1000} s`)));
      asking.on('error', reject);
      asking.end();
    });
    if ('socket' in answer && !('statusCode' in answer)) return answer;
    const { statusCode = 0 } = answer;
    const said = await text(answer);
    if (statusCode < 400) throw new StatusError('InternalError', 'the server did not upgrade the connection');
    throw responseError(statusCode, said, answer.headers);
  } catch (error) {
    throw connectionError(error, { server: to.server, signal });
  }
}
