import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { badRequest, isStatusError } from '#api/machinery/status-error';
import { decodeMessage, encodeMessage, SUBPROTOCOLS } from './channels/subprotocol.ts';
import type { Subprotocol } from './channels/subprotocol.ts';
import { handOver } from './hand-over.ts';
import { takeMessages } from './web-socket.ts';

/**
 * Port-forward of clients without SPDY (those of Python and JavaScript): one connection to each port that the query names.
 * The port of place i has the channel 2i for its data and 2i + 1 for a text that says what is wrong; the first message of
 * each is the number of the port, in two bytes, the low one first (kubelet pkg/kubelet/cri/streaming/portforward/websocket.go).
 */
export const PORT_SUBPROTOCOLS: readonly Subprotocol[] = SUBPROTOCOLS.filter(
  ({ name, version }) => version === 4 || name === '',
);

/** Numbers of channels are a byte, or one digit before base64. */
const MAX_PORTS = { binary: 127, base64: 5 } as const;

/**
 * The ports of the query.
 * @throws StatusError BadRequest for none, too many, and what is no port
 */
export function portsOf(query: URLSearchParams, { base64 }: Subprotocol): number[] {
  const texts = query.getAll('ports').flatMap((text) => text.split(','));
  if (texts.length === 0) throw badRequest('query parameter "ports" is required');
  if (texts.length > MAX_PORTS[base64 ? 'base64' : 'binary']) throw badRequest('there are too many ports');
  return texts.map((text) => {
    const port = parsePort(text);
    if (port === undefined)
      throw badRequest(`unable to parse ${JSON.stringify(text.slice(0, 64))} as a port`);
    return port;
  });
}

/** Undefined for what is no port from 1 to 65535. */
export function parsePort(text: string | undefined): number | undefined {
  const port = /^\d{1,5}$/.test(text ?? '') ? Number(text) : 0;
  return port > 0 && port < 65_536 ? port : undefined;
}

export interface PortChannels {
  protocol: Subprotocol;
  ports: readonly number[];
  /** Connects to a port of the sandbox. */
  dial: (port: number) => Promise<Duplex>;
  /** Whose ports they are, for people. */
  pod: string;
}

/** Until the user goes, or all connections have ended. */
export async function forwardChannels(socket: WebSocket, forwarded: PortChannels): Promise<void> {
  const { protocol, ports, dial } = forwarded;
  // The close event that follows is what counts.
  socket.on('error', () => undefined);
  const dialed = ports.map((port) => dial(port));
  socket.once('close', () => {
    for (const one of dialed) void one.then((connection) => connection.destroy()).catch(() => undefined);
  });
  takeMessages(socket, async (message) => {
    const { channel = 1, data = message } = decodeMessage(protocol, message) ?? {};
    if (channel % 2 === 1) return;
    await dialed[channel / 2]?.then((connection) => handOver(connection, data)).catch(() => undefined);
  });
  await Promise.all(
    ports.map((port, index) => serve(socket, forwarded, { port, index, dialed: dialed[index] })),
  );
  socket.close(1000);
}

interface Served {
  port: number;
  index: number;
  dialed: Promise<Duplex> | undefined;
}

/** Never rejects. */
async function serve(
  socket: WebSocket,
  { protocol, pod }: PortChannels,
  { port, index, dialed }: Served,
): Promise<void> {
  const send = (channel: number, data: Buffer): Promise<void> =>
    new Promise((resolve, reject) => {
      socket.send(encodeMessage(protocol, { channel, data }), (error) =>
        error === undefined || error === null ? resolve() : reject(error),
      );
    });
  try {
    const number = Buffer.from([port & 0xff, port >> 8]);
    await Promise.all([send(2 * index, number), send(2 * index + 1, number)]);
    const connection = await dialed;
    for await (const data of connection as AsyncIterable<Buffer>) await send(2 * index, data);
  } catch (error) {
    const text = isStatusError(error) ? error.message : 'the connection broke';
    const said = Buffer.from(`error forwarding port ${port} to ${pod}: ${text}`);
    // The user has gone.
    await send(2 * index + 1, said).catch(() => undefined);
  }
}
