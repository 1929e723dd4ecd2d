import { formatTime } from '../../machinery/clock.ts';
import { badRequest } from '../../machinery/status-error.ts';
import { parseJsonText } from '../../machinery/json.ts';
import { jsonDepth, MAX_JSON_DEPTH } from '../request/json-depth.ts';
import type { MessageFields, SimpleType, ValueType } from './fields.ts';
import { protobufFields } from './kinds.ts';
import { readFields } from './wire.ts';
import type { WireField } from './wire.ts';

/**
 * Typed clients of Kubernetes (kubectl create secret, client-go) send built-in kinds as protobuf, with no JSON to
 * fall back on: `k8s\0`, then runtime.Unknown {1: TypeMeta {1: apiVersion, 2: kind}, 2: the object}.
 */
export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

const MAGIC = Buffer.from('k8s\0');

/** @throws StatusError BadRequest for bytes that are no object, or one of a kind that is not sent in this form */
export function decodeProtobuf(bytes: Uint8Array): Record<string, unknown> {
  if (!MAGIC.equals(bytes.subarray(0, MAGIC.length))) {
    throw badRequest('the body is no protobuf object of Kubernetes: it must begin with k8s\\0');
  }
  try {
    return decodeUnknown(bytes.subarray(MAGIC.length));
  } catch (error) {
    if (error instanceof RangeError) throw badRequest(`the body is no protobuf message: ${error.message}`);
    throw error;
  }
}

const TYPE_META: MessageFields = {
  1: { name: 'apiVersion', type: { type: 'string' } },
  2: { name: 'kind', type: { type: 'string' } },
};

function decodeUnknown(bytes: Uint8Array): Record<string, unknown> {
  const fields = readFields(bytes);
  const typeMeta = decodeMessage(bytesOf(fields, 1), TYPE_META, 0);
  const kind = String(typeMeta['kind'] ?? '');
  const descriptor = protobufFields(String(typeMeta['apiVersion'] ?? ''), kind);
  if (descriptor === undefined)
    throw badRequest(`kind ${JSON.stringify(kind.slice(0, 100))} cannot be sent as protobuf; send JSON`);
  return { ...typeMeta, ...decodeMessage(bytesOf(fields, 2), descriptor, 0) };
}

function bytesOf(fields: readonly WireField[], number: number): Uint8Array {
  const value = fields.findLast((field) => field.number === number)?.value;
  return value instanceof Uint8Array ? value : new Uint8Array();
}

function decodeMessage(
  bytes: Uint8Array,
  descriptors: MessageFields,
  depth: number,
): Record<string, unknown> {
  // Only schemas hold their like.
  if (depth > MAX_JSON_DEPTH) throw new RangeError('messages that are nested too deeply');
  const result: Record<string, unknown> = {};
  for (const { number, value } of readFields(bytes)) {
    const descriptor = descriptors[number];
    if (descriptor === undefined) continue;
    const { name, type, repeated, omitZero } = descriptor;
    if (type.type === 'map') addEntry(result, name, mapEntry(value, type.values, depth));
    else if (omitZero === true && value === 0n) continue;
    else if (repeated === true) addItem(result, name, decodeValue(value, type, depth));
    else addSingle(result, name, decodeValue(value, type, depth));
  }
  return result;
}

/** Go writes empty texts and zero times of optional fields; they mean that there is none. */
function addSingle(result: Record<string, unknown>, name: string, value: unknown): void {
  if (value !== undefined && value !== '') result[name] = value;
}

function addItem(result: Record<string, unknown>, name: string, value: unknown): void {
  const list = result[name];
  if (Array.isArray(list)) list.push(value);
  else result[name] = [value];
}

function addEntry(result: Record<string, unknown>, name: string, [key, value]: [string, unknown]): void {
  const entries = (result[name] ?? {}) as Record<string, unknown>;
  // An own property even for `__proto__`, which validation then refuses as a key.
  Object.defineProperty(entries, key, { value, enumerable: true, configurable: true, writable: true });
  result[name] = entries;
}

function mapEntry(entry: Uint8Array | bigint, values: ValueType, depth: number): [string, unknown] {
  if (!(entry instanceof Uint8Array)) throw new RangeError('a number where an entry of a map was expected');
  const fields = readFields(entry);
  return [text(bytesOf(fields, 1)), decodeValue(bytesOf(fields, 2), values, depth)];
}

function decodeValue(value: Uint8Array | bigint, type: ValueType, depth: number): unknown {
  if (typeof value === 'bigint') return decodeNumber(value, type.type);
  if (type.type !== 'message') return decodeBytes(value, type.type);
  const decoded = decodeMessage(value, type.fields, depth + 1);
  return type.become === undefined ? decoded : type.become(decoded);
}

function decodeNumber(value: bigint, type: SimpleType | 'message'): unknown {
  if (type === 'int') return wholeNumber(BigInt.asIntN(64, value));
  if (type === 'bool') return value !== 0n;
  throw new RangeError('a number where something else was expected');
}

/** As parseJsonText: a bigint only where a double cannot hold the number. */
function wholeNumber(value: bigint): bigint | number {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function decodeBytes(value: Uint8Array, type: SimpleType): unknown {
  switch (type) {
    case 'string':
      return text(value);
    case 'base64':
      return base64(value);
    case 'json':
      return jsonOf(value);
    case 'double':
      return doubleOf(value);
    case 'time':
      return timeOf(value, (seconds) => formatTime(seconds * 1000));
    case 'microTime':
      return timeOf(value, microTime);
    default:
      throw new RangeError('bytes where a number was expected');
  }
}

/** {1: the text}. */
function jsonOf(bytes: Uint8Array): unknown {
  const raw = text(bytesOf(readFields(bytes), 1));
  if (raw === '') return undefined;
  if (jsonDepth(raw) > MAX_JSON_DEPTH) throw new RangeError('JSON that is nested too deeply');
  try {
    return parseJsonText(raw);
  } catch {
    throw new RangeError('a text that is not JSON');
  }
}

function doubleOf(bytes: Uint8Array): number {
  if (bytes.length !== 8) throw new RangeError('bytes where a number was expected');
  const number = new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
  if (!Number.isFinite(number)) throw new RangeError('a number that is no finite number');
  return number;
}

/** {1: seconds, 2: nanoseconds}; undefined for the zero time. @throws RangeError for a time no calendar has */
function timeOf(
  bytes: Uint8Array,
  format: (seconds: number, nanoseconds: number) => string,
): string | undefined {
  const fields = readFields(bytes);
  const number = (wanted: number): number => {
    const value = fields.find((field) => field.number === wanted)?.value;
    return typeof value === 'bigint' ? Number(BigInt.asIntN(64, value)) : 0;
  };
  const [seconds, nanos] = [number(1), number(2)];
  return seconds === 0 && nanos === 0 ? undefined : format(seconds, nanos);
}

/** As Go prints a MicroTime: RFC 3339 with six digits of a second. */
function microTime(seconds: number, nanoseconds: number): string {
  const micros = String(Math.floor(nanoseconds / 1000)).padStart(6, '0');
  return formatTime(seconds * 1000).replace('Z', `.${micros}Z`);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function text(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new RangeError('a text that is not UTF-8');
  }
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
