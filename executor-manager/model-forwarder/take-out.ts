import { Transform } from 'node:stream';

const MASK = Buffer.from('[redacted]');

/**
 * A stream of bytes with the secrets taken out; `onBytes` is told how many have come. What is held back until more comes is only an end that a secret may
 * begin with, so that an event of a stream is not late.
 */
export function takeOut(secrets: readonly string[], onBytes: (count: number) => void): Transform {
  const needles = secrets.map((secret) => Buffer.from(secret));
  let held: Buffer = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _, done) {
      onBytes(chunk.length);
      const bytes = replaceAll(held.length === 0 ? chunk : Buffer.concat([held, chunk]), needles);
      const from = bytes.length - Math.max(0, ...needles.map((needle) => beginningAtEnd(bytes, needle)));
      held = bytes.subarray(from);
      done(null, bytes.subarray(0, from));
    },
    flush(done) {
      done(null, held);
    },
  });
}

/** The same for a short text. */
export function takeOutOf(text: string, secrets: readonly string[]): string {
  return secrets.reduce((result, secret) => result.replaceAll(secret, MASK.toString()), text);
}

function replaceAll(bytes: Buffer, needles: readonly Buffer[]): Buffer {
  let result = bytes;
  for (const needle of needles) {
    const pieces: Buffer[] = [];
    let from = 0;
    for (let at = result.indexOf(needle); at >= 0; at = result.indexOf(needle, from)) {
      pieces.push(result.subarray(from, at), MASK);
      from = at + needle.length;
    }
    if (pieces.length > 0) result = Buffer.concat([...pieces, result.subarray(from)]);
  }
  return result;
}

/** The length of the longest end of `bytes` with which `needle` begins. */
function beginningAtEnd(bytes: Buffer, needle: Buffer): number {
  for (let length = Math.min(needle.length - 1, bytes.length); length > 0; length--) {
    if (bytes.subarray(bytes.length - length).equals(needle.subarray(0, length))) return length;
  }
  return 0;
}
