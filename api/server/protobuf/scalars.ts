import { formatTime } from '../../machinery/clock.ts';
import { parseJsonText } from '../../machinery/json/json.ts';
import { jsonDepth, MAX_JSON_DEPTH } from '../../machinery/json/json-depth.ts';
import { readFields } from './wire.ts';
import type { WireField } from './wire.ts';

/** Single values of Protocol Buffers as JSON has them. All of them throw RangeError for bytes of the wrong form. */

export function decodeNumber(value: bigint, type: string): unknown {
  if (type === 'int32' || type === 'int64') return wholeNumber(BigInt.asIntN(64, value));
  if (type === 'bool') return value !== 0n;
  throw new RangeError('a number where something else was expected');
}

/** As parseJsonText: a bigint only where a double cannot hold the number. */
function wholeNumber(value: bigint): bigint | number {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

export function decodeBytes(value: Uint8Array, type: string): unknown {
  switch (type) {
    case 'string':
      return text(value);
    case 'bytes':
      return Buffer.from(value).toString('base64');
    case 'double':
      return double(value);
    default:
      throw new RangeError('bytes where a number was expected');
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

export function text(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new RangeError('a text that is not UTF-8');
  }
}

function double(bytes: Uint8Array): number {
  if (bytes.length !== 8) throw new RangeError('bytes where a number was expected');
  const number = new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
  if (!Number.isFinite(number)) throw new RangeError('a number that is not finite');
  return number;
}

/** The last one counts, as everywhere in Protocol Buffers; empty when there is none. */
export function bytesOf(fields: readonly WireField[], number: number): Uint8Array {
  const value = fields.findLast((field) => field.number === number)?.value;
  return value instanceof Uint8Array ? value : new Uint8Array();
}

/** A message {1: text of JSON}; undefined when the text is empty. */
export function jsonOf(bytes: Uint8Array): unknown {
  const raw = text(bytesOf(readFields(bytes), 1));
  if (raw === '') return undefined;
  if (jsonDepth(raw) > MAX_JSON_DEPTH) throw new RangeError('JSON that is nested too deeply');
  try {
    return parseJsonText(raw);
  } catch {
    throw new RangeError('a text that is not JSON');
  }
}

/** A message {1: seconds, 2: nanoseconds} in RFC 3339; undefined for the zero time. */
export function timeOf(bytes: Uint8Array): string | undefined {
  return formatted(bytes, (seconds) => formatTime(seconds * 1000));
}

/** As Go prints a MicroTime: with six digits of a second. */
export function microTimeOf(bytes: Uint8Array): string | undefined {
  return formatted(bytes, (seconds, nanoseconds) => {
    const micros = String(Math.floor(nanoseconds / 1000)).padStart(6, '0');
    return formatTime(seconds * 1000).replace('Z', `.${micros}Z`);
  });
}

function formatted(
  bytes: Uint8Array,
  format: (seconds: number, nanoseconds: number) => string,
): string | undefined {
  const fields = readFields(bytes);
  const number = (wanted: number): number => {
    const value = fields.find((field) => field.number === wanted)?.value;
    return typeof value === 'bigint' ? Number(BigInt.asIntN(64, value)) : 0;
  };
  const [seconds, nanoseconds] = [number(1), number(2)];
  return seconds === 0 && nanoseconds === 0 ? undefined : format(seconds, nanoseconds);
}
