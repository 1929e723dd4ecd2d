import { pipeline } from 'node:stream/promises';
import type { Duplex } from 'node:stream';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { fieldsOf } from '../../machinery/json/json.ts';
import { badRequest, StatusError } from '../../machinery/status-error.ts';
import { MIRROR_ANNOTATION } from '../../registry/reading/pod-view.ts';
import { MAX_POD_QUERY_BYTES, webSocketHeaders } from '../../types/sandboxes/pod-stream.ts';
import type { PodStreamKind, PodStreamRequest } from '../../types/sandboxes/pod-stream.ts';
import { targetOf } from '../request/resource-request.ts';
import type { ResourceRequest } from '../request/resource-request.ts';
import { checkContainer } from '../resources/pod-log-query.ts';
import { isGiven } from '../request/query.ts';
import { upgradeOf } from './upgraded-requests.ts';
import type { UpgradedConnection } from './upgraded-requests.ts';

/**
 * Connects a user to a sandbox: exec, attach and port-forward. The executor manager answers the handshake, and what follows
 * passes through here as it is.
 * @throws StatusError for what a kube-apiserver refuses (pkg/registry/core/pod/strategy.go), in its words where it has some
 */
export async function handlePodStream(request: ResourceRequest): Promise<Response> {
  const { c, options, place } = request;
  const kind = place.subresource as PodStreamKind;
  checkStreams(request, kind);
  const { executor, uid } = await runningSandbox(request, kind);
  const { socket, protocol } = connectionOf(request);
  const isWebSocket = protocol === 'websocket';
  const [, query = ''] = /\?(.*)$/.exec(c.env.incoming.url ?? '') ?? [];
  if (query.length > MAX_POD_QUERY_BYTES) {
    const text = `the command is too long: limit is ${MAX_POD_QUERY_BYTES} bytes of the query`;
    throw new StatusError('RequestEntityTooLarge', text);
  }
  const asked: PodStreamRequest = {
    ...{ kind, uid, namespace: place.namespace, name: place.name },
    query,
    webSocket: isWebSocket ? webSocketHeaders((name) => c.req.header(name)) : {},
  };
  // kubectl asks by SPDY when it was refused by WebSocket, and shows the second answer: it need not wait once more.
  const stream = await options.tunnels.open(executor, asked, { waits: isWebSocket });
  try {
    // One that the executor manager refuses has not begun.
    using _place = c.var.places.longRunning();
    await splice(socket, stream, c.var.ended);
  } finally {
    stream.destroy();
  }
  return RESPONSE_ALREADY_SENT;
}

/** @throws StatusError BadRequest (kubernetes pkg/apis/core/validation ValidatePodLogOptions' neighbours for exec and attach) */
function checkStreams({ c, place }: ResourceRequest, kind: PodStreamKind): void {
  if (kind === 'portforward') return;
  checkContainer(c.req.query('container'), place.name);
  const isAsked = (name: string): boolean => isGiven(c.req.query(name));
  if (!isAsked('stdin') && !isAsked('stdout') && !isAsked('stderr')) {
    throw badRequest('you must specify at least 1 of stdin, stdout, stderr');
  }
  if (kind === 'exec' && c.req.query('command') === undefined) {
    throw badRequest('you must specify a command for the container');
  }
}

/** @throws StatusError NotFound, BadRequest for one that does not run */
async function runningSandbox(
  request: ResourceRequest,
  kind: PodStreamKind,
): Promise<{ executor: string; uid: string }> {
  const { c, options } = request;
  const { object } = await options.registry.get({ target: targetOf(request), user: c.var.user });
  const { nodeName } = fieldsOf(object['spec']);
  const { phase } = fieldsOf(object['status']);
  if (typeof nodeName !== 'string') {
    throw badRequest(`pod ${object.metadata.name} does not have a host assigned`);
  }
  if (phase !== 'Running') {
    throw badRequest(`cannot ${kind} a pod that does not run; current phase is ${String(phase)}`);
  }
  return { executor: nodeName, uid: object.metadata.annotations?.[MIRROR_ANNOTATION] ?? '' };
}

/** One by SPDY is refused by the executor manager, which says what else is wrong. */
const PROTOCOLS = /^(?:websocket|spdy\/.*)$/;

/** @throws StatusError BadRequest */
function connectionOf({ c }: ResourceRequest): UpgradedConnection {
  const connection = upgradeOf(c.env.incoming);
  if (connection === undefined) throw badRequest('Upgrade request required');
  if (!PROTOCOLS.test(connection.protocol)) {
    throw badRequest(`connections are not upgraded to ${connection.protocol.slice(0, 64)}`);
  }
  return connection;
}

/** Until either end is done, or the signal aborts. Each side is read no faster than the other takes it. */
async function splice(user: Duplex, executor: Duplex, signal: AbortSignal): Promise<void> {
  const options = { signal };
  await Promise.allSettled([pipeline(user, executor, options), pipeline(executor, user, options)]);
  user.destroy();
}
