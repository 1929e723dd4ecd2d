import type { WebSocket } from 'ws';
import type { TerminalSize } from '../../drivers/driver.ts';
import { takeMessages } from '../web-socket.ts';
import { CHANNEL, decodeMessage, encodeMessage } from './subprotocol.ts';
import type { Subprotocol } from './subprotocol.ts';
import { exitStatus } from './exit-status.ts';
import type { Exit } from './exit-status.ts';

/** The user's end of a stream of a Pod: standard input and output, sizes of the terminal, and the outcome. */
export interface Channels {
  /** Aborts when the user has gone. */
  readonly closed: AbortSignal;
  /** Resolves when it was taken. Rejects when the user has gone. */
  write(channel: 'stderr' | 'stdout', data: Buffer): Promise<void>;
  /** Tells how it ended, and ends. */
  finish(exit: Exit): Promise<void>;
}

export interface ChannelInput {
  /** The next message comes when it has resolved. */
  stdin(data: Buffer): Promise<void> | void;
  /** Standard input has ended. */
  endOfStdin(): void;
  resize(size: TerminalSize): void;
}

/** How long the user's side has for the close of the connection. */
const CLOSE_GRACE_MS = 2000;

export function openChannels(socket: WebSocket, protocol: Subprotocol, input: ChannelInput): Channels {
  const gone = new AbortController();
  socket.once('close', () => gone.abort(new Error('the user has gone')));
  // The close event that follows is what counts.
  socket.on('error', () => undefined);
  // A program that has ended takes nothing, and its end is told.
  takeMessages(socket, (message) => take(protocol, input, message).catch(() => undefined));
  const send = (channel: number, data: Buffer): Promise<void> =>
    new Promise((resolve, reject) => {
      socket.send(encodeMessage(protocol, { channel, data }), (error) =>
        error === undefined || error === null ? resolve() : reject(error),
      );
    });
  return {
    closed: gone.signal,
    write: (channel, data) => send(CHANNEL[channel], data),
    async finish(exit) {
      const text = exitStatus(protocol, exit);
      if (text !== '') await send(CHANNEL.error, Buffer.from(text)).catch(() => undefined);
      socket.close(1000);
      // ws waits 30 s for the other side's word by itself.
      setTimeout(() => socket.terminate(), CLOSE_GRACE_MS).unref();
    },
  };
}

async function take(protocol: Subprotocol, input: ChannelInput, message: Buffer): Promise<void> {
  const found = decodeMessage(protocol, message);
  if (found === undefined) return;
  const { channel, data } = found;
  if (channel === CHANNEL.stdin) return input.stdin(data);
  if (channel === CHANNEL.close && protocol.version === 5 && data[0] === CHANNEL.stdin)
    return input.endOfStdin();
  if (channel === CHANNEL.resize) {
    const size = parseSize(data);
    if (size !== undefined) input.resize(size);
  }
}

/** `{"Width":80,"Height":24}` (client-go tools/remotecommand TerminalSize). */
function parseSize(data: Buffer): TerminalSize | undefined {
  try {
    const { Width, Height } = JSON.parse(data.toString('utf8')) as { Width?: unknown; Height?: unknown };
    const isSize = (value: unknown): value is number =>
      typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536;
    return isSize(Width) && isSize(Height) ? { columns: Width, rows: Height } : undefined;
  } catch {
    return undefined;
  }
}
