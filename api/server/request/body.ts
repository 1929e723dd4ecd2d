import type { IncomingMessage } from 'node:http';
import { parse } from 'yaml';
import { findDuplicateFields } from '../../machinery/json/duplicate-fields.ts';
import { parseJsonText } from '../../machinery/json/json.ts';
import { MAX_REQUEST_BYTES } from '../../machinery/max-request-bytes.ts';
import { badRequest, StatusError } from '../../machinery/status-error.ts';
import { jsonDepth, MAX_JSON_DEPTH } from '../../machinery/json/json-depth.ts';
import { parseMediaType } from './media-type.ts';
import { decodeProtobuf, PROTOBUF } from '../protobuf/body.ts';

/** The whole body as text. @throws StatusError RequestEntityTooLarge, BadRequest when the client stops half-way */
export async function readBody(incoming: IncomingMessage): Promise<string> {
  return decodeUtf8(await readBytes(incoming));
}

/** The whole body, of `limit` bytes at most. @throws as readBody */
export async function readBytes(incoming: IncomingMessage, limit = MAX_REQUEST_BYTES): Promise<Buffer> {
  const announced = Number(incoming.headers['content-length'] ?? 0);
  if (announced > limit) throw tooLarge(limit);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limit) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw new StatusError('BadRequest', 'the request ended before its body did', { cause: error });
  }
  if (size > limit) throw tooLarge(limit);
  return Buffer.concat(chunks);
}

function tooLarge(limit: number): StatusError {
  return new StatusError('RequestEntityTooLarge', `Request entity too large: limit is ${limit}`);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decodeUtf8(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    throw new StatusError('BadRequest', 'the body is not UTF-8', { cause: error });
  }
}

const OBJECT_TYPES = ['application/json', 'application/yaml'];

export interface ObjectBody {
  /** For messages. */
  kind: string;
  /** Whether the kind may be sent as protobuf; kinds of CRDs never are. */
  protobuf: boolean;
  /** Whether no body at all stands for an object without fields. */
  optional?: boolean;
  /** Whether fields that stand twice are looked for. */
  findDuplicates?: boolean;
}

export interface ParsedBody {
  value: unknown;
  /** Paths of fields that stand twice; JSON only. */
  duplicateFields?: readonly string[];
}

/**
 * The body of a POST or PUT.
 * @throws StatusError UnsupportedMediaType, BadRequest naming `kind` when it cannot be read
 */
export async function readObject(incoming: IncomingMessage, options: ObjectBody): Promise<ParsedBody> {
  const { protobuf } = options;
  const { type } = parseMediaType(incoming.headers['content-type'] ?? 'application/json');
  if (type === PROTOBUF && protobuf) return { value: decodeProtobuf(await readBytes(incoming)) };
  if (type !== 'application/yaml' && type !== 'application/json' && type !== '') {
    throw unsupported(protobuf ? [...OBJECT_TYPES, PROTOBUF] : OBJECT_TYPES);
  }
  const text = await readBody(incoming);
  if (text === '' && options.optional === true) return { value: {} };
  return type === 'application/yaml' ? parseYamlBody(text, options) : parseJsonBody(text, options);
}

/** JSON is YAML, and the parser for it takes far less: kubectl apply sends JSON under the name of YAML. */
export function parseYamlBody(text: string, options: Omit<ObjectBody, 'protobuf'>): ParsedBody {
  if (/^\s*\{/.test(text)) {
    try {
      return parseJsonBody(text, options);
    } catch (error) {
      if (text.length > MAX_YAML_LENGTH) throw error;
    }
  }
  return { value: parseYaml(text, options.kind) };
}

export function parseJsonBody(
  text: string,
  { kind, findDuplicates }: Omit<ObjectBody, 'protobuf'>,
): ParsedBody {
  const value = parseJson(text, kind);
  if (findDuplicates !== true) return { value };
  const duplicateFields = findDuplicateFields(text);
  return duplicateFields.length === 0 ? { value } : { value, duplicateFields };
}

/** @throws StatusError BadRequest */
export function parseJson(text: string, kind: string): unknown {
  if (text.length > 2 * MAX_JSON_DEPTH && jsonDepth(text) > MAX_JSON_DEPTH) {
    throw unrecognized(kind, `json parse error: exceeded max depth of ${MAX_JSON_DEPTH}`);
  }
  try {
    const value = parseJsonText(MAY_BE_HALF.test(text) ? text.replace(ESCAPE, wholeCharacter) : text);
    if (MAY_BE_INFINITE.test(text)) JSON.parse(text, checkFinite);
    return value;
  } catch (error) {
    if (error instanceof StatusError) throw error;
    throw unrecognized(kind, `json parse error: ${describe(error)}`);
  }
}

/** Only texts with such an escape can hold half of a surrogate pair. */
const MAY_BE_HALF = /\\u[dD][89a-fA-F]/;
/** A pair, one half, or any other escape, so that none is looked for inside of another one. */
const ESCAPE =
  /\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|u[dD][89a-fA-F][\da-fA-F]{2}|[^])/g;
const HALF_LENGTH = String.raw`\ud800`.length;

/** A half has no UTF-8. Go's JSON reads it as the replacement character (encoding/json, Unmarshal), and so does kube-apiserver. */
const wholeCharacter = (escape: string): string =>
  escape.length === HALF_LENGTH ? String.raw`\ufffd` : escape;

/** Only texts with such an exponent, or so many digits, can hold a number beyond all doubles. */
const MAY_BE_INFINITE = /[eE]\+?\d{3}|\d{309}/;

/** JSON has no way to write what such a number would become. */
function checkFinite(_key: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) throw outOfRange();
  return value;
}

const outOfRange = (): StatusError => badRequest('the body has a number that is no finite number');

/**
 * The parser takes a thousand times the memory of a text of brackets, and seconds during which nobody else is
 * served. Clients send JSON; YAML is for people with curl.
 */
const MAX_YAML_LENGTH = 256 * 1024;

/** Aliases are limited by what they lead to: a short body must not become a large object. */
function parseYaml(text: string, kind: string): unknown {
  if (text.length > MAX_YAML_LENGTH) {
    const message = `Request entity too large: limit for YAML is ${MAX_YAML_LENGTH}; send JSON`;
    throw new StatusError('RequestEntityTooLarge', message);
  }
  let value: unknown;
  try {
    // Looking for keys that stand twice takes the square of their number. As in JSON, the last one counts.
    value = parse(text, {
      intAsBigInt: true,
      maxAliasCount: 100,
      uniqueKeys: false,
      logLevel: 'error',
      prettyErrors: false,
    }) as unknown;
  } catch (error) {
    throw unrecognized(kind, `yaml parse error: ${describe(error)}`);
  }
  checkExtent(value, kind);
  return value;
}

/** YAML can name one part in many places, and can write numbers that JSON does not have. */
function checkExtent(root: unknown, kind: string): void {
  let size = 0;
  let level: unknown[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_JSON_DEPTH)
      throw unrecognized(kind, `yaml parse error: exceeded max depth of ${MAX_JSON_DEPTH}`);
    const next: unknown[] = [];
    for (const value of level) {
      size += typeof value === 'string' ? value.length : 1;
      if (typeof value === 'string' && !value.isWellFormed()) throw malformed(kind);
      if (size > MAX_REQUEST_BYTES) throw tooLarge(MAX_REQUEST_BYTES);
      if (typeof value === 'number' && !Number.isFinite(value)) throw outOfRange();
      if (typeof value !== 'object' || value === null) continue;
      for (const [key, child] of Object.entries(value)) {
        size += key.length;
        if (!key.isWellFormed()) throw malformed(kind);
        if (typeof child === 'bigint') setNumber(value, key, child);
        else next.push(child);
      }
    }
    level = next;
  }
}

/** As go-yaml, which reads YAML for kube-apiserver. */
const malformed = (kind: string): Error =>
  unrecognized(kind, 'yaml parse error: invalid Unicode character escape code');

const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;

/** As parseJsonText: a bigint only where a double cannot hold the number, and int64 can. */
function setNumber(container: object, key: string, value: bigint): void {
  const number = Number(value);
  if (!Number.isFinite(number)) throw outOfRange();
  if (!Number.isSafeInteger(number) && value >= MIN_INT64 && value <= MAX_INT64) return;
  Object.defineProperty(container, key, {
    value: number,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function unrecognized(kind: string, why: string): Error {
  return badRequest(
    `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; ${why}`,
  );
}

/** Without what the parsers quote of the body: it may be a secret. */
function describe(error: unknown): string {
  const line = (error instanceof Error ? error.message : 'unreadable').split('\n')[0] ?? '';
  return line.replace(/, (?:\.\.\.)?"[^]*$/, '').replace(/:[^]*$/, '');
}

export function unsupported(accepted: readonly string[]): StatusError {
  return new StatusError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  );
}
