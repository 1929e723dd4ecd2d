import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { badRequest, StatusError } from '../../machinery/status-error.ts';
import {
  CONNECTED_HEADER,
  EXECUTOR_TUNNEL_PROTOCOL,
  ONLY_REPLICA_HEADER,
  REPLICA_HEADER,
} from '../../types/sandboxes/pod-stream.ts';
import type { ResourceRequest } from '../request/resource-request.ts';
import { upgradeOf } from './upgraded-requests.ts';

/** Takes the tunnel of an executor manager, which need not have registered its Executor yet (api/types/pod-stream). */
export async function handleTunnel({ c, options, place }: ResourceRequest): Promise<Response> {
  const connection = upgradeOf(c.env.incoming);
  if (connection?.protocol !== EXECUTOR_TUNNEL_PROTOCOL) {
    throw badRequest(`this path takes connections of executor managers only (${EXECUTOR_TUNNEL_PROTOCOL})`);
  }
  const connected = (c.req.header(CONNECTED_HEADER) ?? '').split(',');
  if (connected.includes(options.tunnels.id)) {
    throw new StatusError('Conflict', 'this server has a connection of the executor manager already');
  }
  using _place = c.var.places.longRunning();
  const { socket } = connection;
  const head = [
    'HTTP/1.1 101 Switching Protocols',
    'Connection: Upgrade',
    `Upgrade: ${EXECUTOR_TUNNEL_PROTOCOL}`,
    `${REPLICA_HEADER}: ${options.tunnels.id}`,
    `${ONLY_REPLICA_HEADER}: ${options.tunnels.isOnly}`,
    '\r\n',
  ].join('\r\n');
  // HTTP/2 takes the connection over below the stream, and must not meet the end of a write that it has not begun.
  await new Promise<void>((resolve) => {
    socket.write(head, () => resolve());
  });
  await options.tunnels.attach(place.name, socket, c.var.ended);
  return RESPONSE_ALREADY_SENT;
}
