import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { badRequest, isStatusError } from '#api/machinery/status-error';
import { portPath, PORT_PROTOCOL } from '../protocol/port.ts';
import { upgradeRunner } from '../run/runner-upgrade.ts';
import { chosenProtocol } from './channels/negotiation.ts';
import { handOver } from './hand-over.ts';
import { forwardChannels, parsePort, PORT_SUBPROTOCOLS, portsOf } from './port-channels.ts';
import { SpdySession } from './spdy/spdy-session.ts';
import type { SpdyReader, SpdyStream } from './spdy/spdy-session.ts';
import { runtimeOfStream } from './stream-context.ts';
import type { PreparedStream, StreamContext } from './stream-context.ts';
import { acceptWebSocket, checkHandshake, offeredProtocols, takeMessages } from './web-socket.ts';

/** SPDY in the messages of a WebSocket (KEP-4006; apimachinery pkg/util/portforward constants.go). */
const PROTOCOL = 'SPDY/3.1+portforward.k8s.io';

/** Connects to a port of the sandbox. */
type Dial = (port: number) => Promise<Duplex>;

/**
 * Forwards connections of a user to ports of a sandbox, which are reached by its runner: none is published.
 * @throws StatusError BadRequest where there is no sandbox, NotFound when it is gone
 */
export async function preparePortForward(context: StreamContext): Promise<PreparedStream> {
  const { request, query, sandbox, runtimeID, hosts, tokenFor, clock } = context;
  const { driver } = hosts.of(sandbox);
  if (driver.capabilities.isolation === 'none') {
    throw badRequest('this agent has no sandbox of its own, so there are no ports to forward');
  }
  const { address } = await runtimeOfStream(context);
  checkHandshake(request);
  const isSpdy = offeredProtocols(request).includes(PROTOCOL);
  const protocol = isSpdy ? undefined : chosenProtocol(request, PORT_SUBPROTOCOLS);
  const ports = protocol === undefined ? [] : portsOf(query, protocol);
  const where = { address, token: tokenFor(runtimeID).token, protocol: PORT_PROTOCOL, clock };
  return async (connection) => {
    const socket = await acceptWebSocket(connection, context, protocol?.name ?? PROTOCOL);
    const over = new AbortController();
    socket.once('close', () => over.abort(new Error('the user has gone')));
    const dial: Dial = (port) => upgradeRunner({ ...where, path: portPath(port), signal: over.signal });
    const pod = `pod ${request.namespace}/${request.name}`;
    if (protocol === undefined) await forward(socket, createForwarding(dial, pod));
    else await forwardChannels(socket, { protocol, ports, dial, pod });
  };
}

/** Until the user goes, or does not keep to the protocol. */
async function forward(
  socket: WebSocket,
  onStream: (stream: SpdyStream) => SpdyReader | undefined,
): Promise<void> {
  const session = new SpdySession({
    onStream,
    send: (bytes) =>
      new Promise((resolve, reject) => {
        socket.send(bytes, (error) => (error === undefined || error === null ? resolve() : reject(error)));
      }),
  });
  // The close event that follows is what counts.
  socket.on('error', () => undefined);
  takeMessages(socket, (message) =>
    // 1002: protocol error (RFC 6455, section 7.4.1).
    session.receive(message).catch(() => socket.close(1002)),
  );
  await once(socket, 'close');
  session.close();
}

/**
 * A connection has two streams with the same `requestID`: `error`, for a text that says what is wrong, and then `data`
 * (kubelet pkg/kubelet/cri/streaming/portforward/httpstream.go).
 */
function createForwarding(dial: Dial, pod: string): (stream: SpdyStream) => SpdyReader | undefined {
  const errors = new Map<string, SpdyStream>();
  return (stream) => {
    const requestID = stream.headers.get('requestid') ?? '';
    const port = parsePort(stream.headers.get('port'));
    if (port === undefined) return undefined;
    switch (stream.headers.get('streamtype')) {
      case 'error':
        errors.set(requestID, stream);
        return { data: () => undefined, end: () => undefined, reset: () => errors.delete(requestID) };
      case 'data': {
        const error = errors.get(requestID);
        errors.delete(requestID);
        return connectStream(stream, { error, dialed: dial(port), what: `port ${port} to ${pod}` });
      }
      default:
        return undefined;
    }
  };
}

interface Connecting {
  error: SpdyStream | undefined;
  dialed: Promise<Duplex>;
  what: string;
}

function connectStream(stream: SpdyStream, { error, dialed, what }: Connecting): SpdyReader {
  const finish = async (text: string): Promise<void> => {
    if (text !== '') await error?.write(Buffer.from(`error forwarding ${what}: ${text}`));
    await stream.end();
    await error?.end();
  };
  dialed
    .then((socket) => relay(socket, stream))
    .then(() => finish(''))
    .catch((failure: unknown) => finish(isStatusError(failure) ? failure.message : 'the connection broke'))
    // The user has gone.
    .catch(() => undefined);
  const withSocket = (act: (socket: Duplex) => Promise<void> | void): Promise<void> =>
    dialed.then(act, () => undefined);
  return {
    data: (data) => withSocket((socket) => handOver(socket, data)),
    end: () => void withSocket((socket) => void socket.end()),
    reset: () => void withSocket((socket) => void socket.destroy()),
  };
}

async function relay(socket: Duplex, stream: SpdyStream): Promise<void> {
  for await (const data of socket as AsyncIterable<Buffer>) await stream.write(data);
}
