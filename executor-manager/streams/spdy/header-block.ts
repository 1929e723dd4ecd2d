import { createDeflate, createInflate, constants } from 'node:zlib';
import type { Deflate, Inflate } from 'node:zlib';
import { HEADER_DICTIONARY } from './header-dictionary.ts';
import { SpdyError } from './spdy-error.ts';

/** Of one block, inflated: some hundred bytes could become gigabytes. */
const MAX_BLOCK_BYTES = 16 * 1024;
const MAX_HEADERS = 64;

/** The headers of one direction of a connection: all blocks are one stream of zlib (draft 3, section 2.6.10). */
export class HeaderInflater {
  readonly #zlib: Inflate = createInflate({
    dictionary: HEADER_DICTIONARY,
    finishFlush: constants.Z_SYNC_FLUSH,
  });

  /** Names in lower case. @throws SpdyError */
  async inflate(block: Buffer): Promise<Map<string, string>> {
    return parsePairs(await pass(this.#zlib, block));
  }

  close(): void {
    this.#zlib.destroy();
  }
}

export class HeaderDeflater {
  readonly #zlib: Deflate = createDeflate({ dictionary: HEADER_DICTIONARY, flush: constants.Z_SYNC_FLUSH });

  async deflate(headers: ReadonlyMap<string, string>): Promise<Buffer> {
    return pass(this.#zlib, encodePairs(headers));
  }

  close(): void {
    this.#zlib.destroy();
  }
}

/** Passes a block through, and gives all that comes out: the callback of a write comes after the last of it. */
function pass(zlib: Deflate | Inflate, block: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (finish: () => void): void => {
      zlib.off('data', onData);
      zlib.off('error', onError);
      zlib.off('close', onClose);
      finish();
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      chunks.push(chunk);
      if (size <= MAX_BLOCK_BYTES) return;
      zlib.destroy();
      settle(() => reject(new SpdyError('the headers are too long')));
    };
    const onError = (cause: Error): void =>
      settle(() => reject(new SpdyError('the headers are not compressed well', { cause })));
    const onClose = (): void => settle(() => reject(new SpdyError('the connection is over')));
    zlib.on('data', onData);
    zlib.on('error', onError);
    zlib.on('close', onClose);
    if (zlib.destroyed) onClose();
    else zlib.write(block, () => settle(() => resolve(Buffer.concat(chunks))));
  });
}

/** Exported for tests. */
export function encodePairs(headers: ReadonlyMap<string, string>): Buffer {
  const parts = [count(headers.size)];
  for (const [name, value] of headers) parts.push(...text(name), ...text(value));
  return Buffer.concat(parts);
}

function text(value: string): Buffer[] {
  const bytes = Buffer.from(value, 'latin1');
  return [count(bytes.length), bytes];
}

function count(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function parsePairs(bytes: Buffer): Map<string, string> {
  let at = 0;
  const number = (): number => {
    if (at + 4 > bytes.length) throw new SpdyError('the headers are cut off');
    const value = bytes.readUInt32BE(at);
    at += 4;
    return value;
  };
  const string = (): string => {
    const length = number();
    if (at + length > bytes.length) throw new SpdyError('the headers are cut off');
    const value = bytes.toString('latin1', at, at + length);
    at += length;
    return value;
  };
  const pairs = number();
  if (pairs > MAX_HEADERS) throw new SpdyError('there are too many headers');
  const headers = new Map<string, string>();
  for (let index = 0; index < pairs; index += 1) {
    const name = string().toLowerCase();
    headers.set(name, string());
  }
  return headers;
}
