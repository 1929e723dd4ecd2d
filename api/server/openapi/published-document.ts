import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

/** A document as it is sent. */
export interface PublishedDocument {
  bytes: Uint8Array<ArrayBuffer>;
  /** Made at the first use, and kept. */
  gzip: () => Uint8Array<ArrayBuffer>;
  /** SHA-512 in hexadecimal digits, as kube-apiserver's. */
  hash: string;
}

export function published(text: string): PublishedDocument {
  const hash = createHash('sha512').update(text).digest('hex').toUpperCase();
  return publishedBytes(new TextEncoder().encode(text), hash);
}

export function publishedBytes(bytes: Uint8Array<ArrayBuffer>, hash: string): PublishedDocument {
  return { bytes, hash, gzip: once(() => gzipSync(bytes)) };
}

export function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
