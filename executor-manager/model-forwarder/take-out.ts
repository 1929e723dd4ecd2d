import { Transform } from 'node:stream';

const MASK = '[redacted]';

/** A text with the secrets taken out; where two begin at one place, the longer one. */
export function takeOutOf(text: string, secrets: readonly string[]): string {
  return secrets.length === 0 ? text : text.replace(patternOf(secrets), MASK);
}

/**
 * The same for a stream of bytes; `onBytes` is told how many have come. Only an end is held back until more comes, one
 * that a secret may begin with, so that an event of a stream is not late.
 */
export function takeOut(secrets: readonly string[], onBytes: (count: number) => void): Transform {
  if (secrets.length === 0) return counted(onBytes);
  // One character for each byte, whatever the encoding of the answer.
  const needles = secrets.map((secret) => Buffer.from(secret).toString('latin1'));
  const pattern = patternOf(needles);
  let held = '';
  return new Transform({
    transform(chunk: Buffer, _, done) {
      onBytes(chunk.length);
      const { clean, rest } = takeWhole(held + chunk.toString('latin1'), { needles, pattern });
      held = rest;
      done(null, Buffer.from(clean, 'latin1'));
    },
    flush(done) {
      done(null, Buffer.from(held.replace(pattern, MASK), 'latin1'));
    },
  });
}

function counted(onBytes: (count: number) => void): Transform {
  return new Transform({
    transform(chunk: Buffer, _, done) {
      onBytes(chunk.length);
      done(null, chunk);
    },
  });
}

interface Needles {
  needles: readonly string[];
  pattern: RegExp;
}

/** Takes out what is there as a whole; `rest` may begin a secret, or a longer one than it is. */
function takeWhole(text: string, { needles, pattern }: Needles): { clean: string; rest: string } {
  let open = openFrom(text, needles, 0);
  let clean = '';
  let at = 0;
  for (const { index, 0: found } of text.matchAll(pattern)) {
    if (index >= open) break;
    clean += text.slice(at, index) + MASK;
    at = index + found.length;
    if (at > open) open = openFrom(text, needles, at);
  }
  return { clean: clean + text.slice(at, open), rest: text.slice(open) };
}

/** The first place, from `at` on, where the end of the text is the beginning of a secret; the text's length where none is. */
function openFrom(text: string, needles: readonly string[], at: number): number {
  const longest = Math.max(...needles.map(({ length }) => length));
  for (let from = Math.max(at, text.length - longest + 1); from < text.length; from++) {
    const end = text.slice(from);
    if (needles.some((needle) => needle.length > end.length && needle.startsWith(end))) return from;
  }
  return text.length;
}

function patternOf(secrets: readonly string[]): RegExp {
  const longestFirst = secrets.toSorted((a, b) => b.length - a.length);
  return new RegExp(longestFirst.map(escaped).join('|'), 'g');
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
