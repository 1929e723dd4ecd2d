/**
 * The subprotocols of WebSocket by which programs in a Pod are run (apimachinery pkg/util/remotecommand, apiserver
 * pkg/util/flushwriter and kubelet pkg/kubelet streaming: remotecommand/websocket.go). Each message begins with the number
 * of its channel: a byte, or a digit before base64 for clients that have text only.
 */
export interface Subprotocol {
  name: string;
  base64: boolean;
  /** How the end is told: a text on the error channel, a Status (v4), and with a way to close one channel (v5). */
  version: 1 | 4 | 5;
}

/** The best first; '' for a client that names none. */
export const SUBPROTOCOLS: readonly Subprotocol[] = [
  { name: 'v5.channel.k8s.io', base64: false, version: 5 },
  { name: 'v5.base64.channel.k8s.io', base64: true, version: 5 },
  { name: 'v4.channel.k8s.io', base64: false, version: 4 },
  { name: 'v4.base64.channel.k8s.io', base64: true, version: 4 },
  { name: 'channel.k8s.io', base64: false, version: 1 },
  { name: 'base64.channel.k8s.io', base64: true, version: 1 },
  { name: '', base64: false, version: 1 },
];

/** The first of `known` that the client offers. */
export function chooseSubprotocol(
  offered: readonly string[],
  known: readonly Subprotocol[] = SUBPROTOCOLS,
): Subprotocol | undefined {
  const names = offered.length === 0 ? [''] : offered;
  return known.find(({ name }) => names.includes(name));
}

export const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

export interface ChannelMessage {
  channel: number;
  data: Buffer;
}

export function encodeMessage({ base64 }: Subprotocol, { channel, data }: ChannelMessage): Buffer | string {
  if (base64) return `${channel}${data.toString('base64')}`;
  const message = Buffer.allocUnsafe(data.length + 1);
  message[0] = channel;
  data.copy(message, 1);
  return message;
}

/** Undefined for a message that has no channel. */
export function decodeMessage({ base64 }: Subprotocol, message: Buffer): ChannelMessage | undefined {
  const first = message[0];
  if (first === undefined) return undefined;
  if (!base64) return { channel: first, data: message.subarray(1) };
  const channel = first - ZERO;
  if (channel < 0 || channel > 9) return undefined;
  return { channel, data: Buffer.from(message.toString('latin1', 1), 'base64') };
}

const ZERO = '0'.charCodeAt(0);
