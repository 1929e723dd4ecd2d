import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { WebSocket } from 'ws';
import { responseError } from '#api/client/transport-error';
import { StatusError } from '#api/machinery/status-error';
import { resourcePath } from '#api/client/resource-path';
import type { ClusterConnection } from './cluster-connection.ts';
import { PODS } from './cluster-objects.ts';

export interface PodSocketRequest {
  pod: string;
  subresource: 'exec' | 'portforward';
  query: URLSearchParams;
  /** Subprotocols, the best one first. */
  protocols: string[];
}

const ANSWER_MS = 10_000;
/** Kubelets send 32 KiB at once. */
const MAX_MESSAGE_BYTES = 1024 * 1024;

/**
 * Opens a WebSocket to a subresource of a Pod; messages are binary. It is paused: the first ones may come with the answer,
 * before anybody listens.
 * @throws StatusError as the cluster answers; ServiceUnavailable when it is away
 */
export async function openPodSocket(
  { dial, namespace }: Pick<ClusterConnection, 'dial' | 'namespace'>,
  { pod, subresource, query, protocols }: PodSocketRequest,
): Promise<WebSocket> {
  const { server, headers, ...tls } = await dial();
  const path = resourcePath(PODS, { namespace, name: pod, subresource });
  const address = `${server.replace(/\/$/, '').replace(/^http/, 'ws')}${path}?${query.toString()}`;
  const socket = new WebSocket(address, protocols, {
    ...tls,
    headers: { ...headers, 'user-agent': 'troupe-executor-manager' },
    ...{ handshakeTimeout: ANSWER_MS, perMessageDeflate: false, maxPayload: MAX_MESSAGE_BYTES },
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => {
      socket.pause();
      resolve();
    });
    socket.once('unexpected-response', (request, answer) => {
      refusal(answer).then(reject, reject);
      request.destroy();
    });
    socket.on('error', (cause) => {
      const message = `unable to reach the server at ${server}: ${cause.message}`;
      reject(new StatusError('ServiceUnavailable', message, { cause }));
    });
  });
  return socket;
}

async function refusal(answer: IncomingMessage): Promise<StatusError> {
  return responseError(answer.statusCode ?? 500, await text(answer), answer.headers);
}
