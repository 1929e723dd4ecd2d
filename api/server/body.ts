import type { IncomingMessage } from 'node:http';
import { parse } from 'yaml';
import { badRequest, StatusError } from '../machinery/status-error.ts';
import { parseMediaType } from './media-type.ts';
import { decodeProtobuf, PROTOBUF } from './protobuf-body.ts';

/** As kube-apiserver (MaxRequestBodyBytes). */
const MAX_BODY_BYTES = 3 * 1024 * 1024;

/** The whole body as text. @throws StatusError RequestEntityTooLarge, BadRequest when the client stops half-way */
export async function readBody(incoming: IncomingMessage): Promise<string> {
  return decodeUtf8(await readBytes(incoming));
}

async function readBytes(incoming: IncomingMessage): Promise<Buffer> {
  const announced = Number(incoming.headers['content-length'] ?? 0);
  if (announced > MAX_BODY_BYTES) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw new StatusError('BadRequest', 'the request ended before its body did', { cause: error });
  }
  if (size > MAX_BODY_BYTES) throw tooLarge();
  return Buffer.concat(chunks);
}

function tooLarge(): StatusError {
  return new StatusError('RequestEntityTooLarge', `Request entity too large: limit is ${MAX_BODY_BYTES}`);
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
}

/**
 * The body of a POST or PUT.
 * @throws StatusError UnsupportedMediaType, BadRequest naming `kind` when it cannot be read
 */
export async function readObject(
  incoming: IncomingMessage,
  { kind, protobuf }: ObjectBody,
): Promise<unknown> {
  const { type } = parseMediaType(incoming.headers['content-type'] ?? 'application/json');
  if (type === PROTOBUF && protobuf) return decodeProtobuf(await readBytes(incoming));
  const isYaml = type === 'application/yaml' || type === 'application/x-yaml';
  if (!isYaml && type !== 'application/json' && type !== '') {
    throw unsupported(type, protobuf ? [...OBJECT_TYPES, PROTOBUF] : OBJECT_TYPES);
  }
  const text = await readBody(incoming);
  return isYaml ? parseYaml(text, kind) : parseJson(text, kind);
}

/** Deeper than any manifest; without a limit a body of brackets could exhaust the stack of whoever walks it. */
const MAX_DEPTH = 500;

export function parseJson(text: string, kind: string): unknown {
  if (text.length > 2 * MAX_DEPTH && depthOf(text) > MAX_DEPTH) {
    throw unrecognized(kind, `json parse error: exceeded max depth of ${MAX_DEPTH}`);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw unrecognized(kind, `json parse error: ${describe(error)}`);
  }
}

/** How deep brackets nest, outside of texts. */
function depthOf(json: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [token] of json.matchAll(/"(?:\\[^]|[^"\\])*"|[[\]{}]/g)) {
    if (token === '{' || token === '[') deepest = Math.max(deepest, (depth += 1));
    else if (token === '}' || token === ']') depth -= 1;
  }
  return deepest;
}

function parseYaml(text: string, kind: string): unknown {
  try {
    return parse(text, { maxAliasCount: 100, logLevel: 'error' }) as unknown;
  } catch (error) {
    throw unrecognized(kind, `yaml parse error: ${describe(error)}`);
  }
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

export function unsupported(type: string, accepted: readonly string[]): StatusError {
  return new StatusError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format (${type.slice(0, 100)}) - accepted media types include: ${accepted.join(', ')}`,
  );
}
