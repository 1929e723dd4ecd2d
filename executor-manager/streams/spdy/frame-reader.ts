import { decodeHeader, FLAG_FIN, HEADER_BYTES, isOurVersion } from './frames.ts';
import type { Frame, FrameHeader } from './frames.ts';
import { SpdyError } from './spdy-error.ts';

/** Of a control frame; headers of streams have some hundred bytes. */
const MAX_CONTROL_BYTES = 64 * 1024;

/** Finds the frames in a connection, however it is cut. It holds no more than one control frame. */
export class FrameReader {
  #head = Buffer.alloc(0);
  #header: FrameHeader | undefined;
  /** Of the payload of the frame. */
  #left = 0;
  #payload: Buffer[] = [];

  /** @throws SpdyError for what is no SPDY/3, or too long; the connection is of no use then */
  *read(bytes: Buffer): Generator<Frame> {
    let at = 0;
    while (at < bytes.length || (this.#header !== undefined && this.#left === 0)) {
      if (this.#header === undefined) {
        const part = bytes.subarray(at, at + HEADER_BYTES - this.#head.length);
        at += part.length;
        this.#head = Buffer.concat([this.#head, part]);
        if (this.#head.length < HEADER_BYTES) return;
        this.#begin(decodeHeader(this.#head));
        continue;
      }
      const part = bytes.subarray(at, at + this.#left);
      at += part.length;
      this.#left -= part.length;
      const frame = this.#take(this.#header, part);
      if (this.#left === 0) this.#header = undefined;
      if (frame !== undefined) yield frame;
    }
  }

  #begin(header: FrameHeader): void {
    if (header.kind === 'control') {
      if (!isOurVersion(header.version)) throw new SpdyError(`SPDY/${header.version} is not spoken here`);
      if (header.length > MAX_CONTROL_BYTES) throw new SpdyError('a control frame is too long');
    }
    this.#head = Buffer.alloc(0);
    this.#header = header;
    this.#left = header.length;
    this.#payload = [];
  }

  #take(header: FrameHeader, part: Buffer): Frame | undefined {
    const isWhole = this.#left === 0;
    if (header.kind === 'data') {
      const { streamID, flags } = header;
      return { kind: 'data', streamID, data: part, fin: isWhole && (flags & FLAG_FIN) !== 0 };
    }
    this.#payload.push(part);
    if (!isWhole) return undefined;
    return { kind: 'control', type: header.type, flags: header.flags, payload: Buffer.concat(this.#payload) };
  }
}
