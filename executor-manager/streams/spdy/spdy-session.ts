import { encodeControl, encodeData, FLAG_FIN, numbers, RESET, TYPE } from './frames.ts';
import type { ControlFrame, DataPart } from './frames.ts';
import { FrameReader } from './frame-reader.ts';
import { HeaderDeflater, HeaderInflater } from './header-block.ts';
import { SpdyError } from './spdy-error.ts';

/** Open at once; each connection to a port has two, of which one ends at once. */
const MAX_STREAMS = 512;
/** Of a frame of ours. */
const MAX_DATA_BYTES = 32 * 1024;

/** A stream that the client has opened. */
export interface SpdyStream {
  readonly id: number;
  readonly headers: ReadonlyMap<string, string>;
  /** Resolves when it was taken by the connection. */
  write(data: Buffer): Promise<void>;
  /** Ends our side. */
  end(): Promise<void>;
  /** Gives it up. */
  reset(): Promise<void>;
}

export interface SpdyEvents {
  /** A new stream; undefined refuses it. Its data goes to what is returned. */
  onStream(stream: SpdyStream): SpdyReader | undefined;
}

export interface SpdyReader {
  /** Nothing else of the connection is read until it resolves. */
  data(data: Buffer): Promise<void> | void;
  /** The client has ended its side. */
  end(): void;
  /** The client gives it up, or the connection is over. */
  reset(): void;
}

export interface SpdySessionOptions extends SpdyEvents {
  /** To the client, in order; resolves when it was taken. */
  send(bytes: Buffer): Promise<void>;
}

interface OpenStream {
  reader: SpdyReader;
  /** The client has ended its side. */
  remoteEnded: boolean;
  localEnded: boolean;
}

/**
 * The server's side of a SPDY/3 connection as kubectl speaks it (moby/spdystream): the client opens streams, nobody counts
 * windows, and what a side does not take holds the whole connection up.
 */
export class SpdySession {
  readonly #options: SpdySessionOptions;
  readonly #frames = new FrameReader();
  readonly #inflater = new HeaderInflater();
  readonly #deflater = new HeaderDeflater();
  readonly #streams = new Map<number, OpenStream>();
  #lastID = 0;

  constructor(options: SpdySessionOptions) {
    this.#options = options;
  }

  /** How many streams are open. */
  get open(): number {
    return this.#streams.size;
  }

  /** Takes what the client has sent; call it with the next when it has resolved. @throws SpdyError */
  async receive(bytes: Buffer): Promise<void> {
    for (const frame of this.#frames.read(bytes)) {
      if (frame.kind === 'data') await this.#data(frame);
      else await this.#control(frame);
    }
  }

  /** The connection is over. */
  close(): void {
    this.#inflater.close();
    this.#deflater.close();
    for (const { reader } of this.#streams.values()) reader.reset();
    this.#streams.clear();
  }

  async #data({ streamID, data, fin }: DataPart): Promise<void> {
    const stream = this.#streams.get(streamID);
    if (stream === undefined) return;
    if (stream.remoteEnded) {
      await this.#reset(streamID, RESET.protocolError);
      return;
    }
    if (data.length > 0) await stream.reader.data(data);
    if (fin) this.#remoteEnd(streamID, stream);
  }

  async #control(frame: ControlFrame): Promise<void> {
    const { type, payload } = frame;
    switch (type) {
      case TYPE.synStream:
        return this.#synStream(frame);
      case TYPE.rstStream: {
        const streamID = streamIDOf(payload);
        this.#streams.get(streamID)?.reader.reset();
        this.#streams.delete(streamID);
        return;
      }
      case TYPE.ping: {
        // Those with an odd number are the client's own.
        if (payload.length >= 4 && payload.readUInt32BE(0) % 2 === 1) {
          await this.#options.send(encodeControl(TYPE.ping, payload.subarray(0, 4)));
        }
        return;
      }
      // One stream of zlib has all headers.
      case TYPE.headers:
        await this.#inflater.inflate(payload.subarray(4));
        return;
      // Streams that are open may come to their end.
      case TYPE.goAway:
      default:
        return;
    }
  }

  async #synStream({ payload, flags }: ControlFrame): Promise<void> {
    if (payload.length < 10) throw new SpdyError('a SYN_STREAM is too short');
    const id = streamIDOf(payload);
    const headers = await this.#inflater.inflate(payload.subarray(10));
    // Of a client, and greater than all before (draft 3, section 2.3.2).
    if (id % 2 === 0 || id <= this.#lastID) throw new SpdyError(`stream ${id} cannot be opened`);
    this.#lastID = id;
    if (this.#streams.size >= MAX_STREAMS) return this.#reset(id, RESET.refusedStream);
    // First: kubectl lets data go that comes before the reply.
    const block = await this.#deflater.deflate(new Map());
    await this.#options.send(encodeControl(TYPE.synReply, Buffer.concat([numbers(id), block])));
    const reader = this.#accept(id, headers);
    if (reader === undefined) return this.#reset(id, RESET.refusedStream);
    const stream: OpenStream = { reader, remoteEnded: false, localEnded: false };
    this.#streams.set(id, stream);
    if ((flags & FLAG_FIN) !== 0) this.#remoteEnd(id, stream);
  }

  #accept(id: number, headers: ReadonlyMap<string, string>): SpdyReader | undefined {
    return this.#options.onStream({
      id,
      headers,
      write: (data) => this.#write(id, data),
      end: () => this.#end(id),
      reset: async () => {
        if (this.#streams.delete(id)) await this.#reset(id, RESET.cancel);
      },
    });
  }

  async #write(id: number, data: Buffer): Promise<void> {
    for (let at = 0; at < data.length; at += MAX_DATA_BYTES) {
      const stream = this.#streams.get(id);
      if (stream === undefined || stream.localEnded) return;
      await this.#options.send(encodeData(id, data.subarray(at, at + MAX_DATA_BYTES), false));
    }
  }

  async #end(id: number): Promise<void> {
    const stream = this.#streams.get(id);
    if (stream === undefined || stream.localEnded) return;
    stream.localEnded = true;
    if (stream.remoteEnded) this.#streams.delete(id);
    await this.#options.send(encodeData(id, Buffer.alloc(0), true));
  }

  #remoteEnd(id: number, stream: OpenStream): void {
    stream.remoteEnded = true;
    if (stream.localEnded) this.#streams.delete(id);
    stream.reader.end();
  }

  async #reset(id: number, status: number): Promise<void> {
    this.#streams.get(id)?.reader.reset();
    this.#streams.delete(id);
    await this.#options.send(encodeControl(TYPE.rstStream, numbers(id, status)));
  }
}

function streamIDOf(payload: Buffer): number {
  if (payload.length < 4) throw new SpdyError('a frame is too short');
  return payload.readUInt32BE(0) & 0x7fffffff;
}
