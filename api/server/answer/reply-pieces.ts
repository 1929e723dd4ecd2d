import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { toStatusError } from '../../machinery/status-error.ts';
import { isGone } from './outgoing.ts';
import { logFailure } from './failure.ts';
import { acceptsGzip, replyTo } from './reply.ts';
import type { ReplyOptions } from './reply.ts';
import type { ResourceRequest } from '../request/resource-request.ts';

/** Up to this length an answer is one text. YAML is slow to make: others must be served in between. */
const WHOLE_LENGTH = 1024 * 1024;
const WHOLE_YAML_LENGTH = 64 * 1024;
const CHUNK_LENGTH = 64 * 1024;

/** A long answer is made while the client takes it: one that reads slowly holds a piece of it, not the whole. */
export async function replyPieces(
  request: ResourceRequest,
  pieces: Iterable<string>,
  options: ReplyOptions,
): Promise<Response> {
  const limit = options.contentType === 'application/yaml' ? WHOLE_YAML_LENGTH : WHOLE_LENGTH;
  const rest = pieces[Symbol.iterator]();
  let text = '';
  for (let next = rest.next(); next.done !== true; next = rest.next()) {
    text += next.value;
    if (text.length > limit) return sendPieces(request, chunks(text, rest), options);
  }
  return replyTo(request, text, options);
}

function* chunks(first: string, rest: Iterator<string>): Generator<Buffer> {
  let text = first;
  for (let next = rest.next(); next.done !== true; next = rest.next()) {
    if (text.length >= CHUNK_LENGTH) {
      yield Buffer.from(text);
      text = '';
    }
    text += next.value;
  }
  yield Buffer.from(text);
}

async function sendPieces(
  { c, options: { logger } }: ResourceRequest,
  texts: Generator<Buffer>,
  { contentType = 'application/json' }: ReplyOptions,
): Promise<Response> {
  const { outgoing } = c.env;
  // The deadline may have answered already.
  if (outgoing.headersSent || isGone(outgoing)) return RESPONSE_ALREADY_SENT;
  const gzip = acceptsGzip(c.req.header('accept-encoding'));
  outgoing.writeHead(200, {
    'content-type': contentType,
    'cache-control': 'no-cache, private',
    ...(gzip ? { 'content-encoding': 'gzip', vary: 'Accept-Encoding' } : {}),
  });
  try {
    await write(c.req.method === 'HEAD' ? [] : texts, outgoing, gzip);
  } catch (error) {
    // A client that leaves is its own affair.
    if (!isGone(outgoing)) logFailure(toStatusError(error), logger);
    outgoing.destroy();
  }
  return RESPONSE_ALREADY_SENT;
}

async function write(texts: Iterable<Buffer>, outgoing: ServerResponse, gzip: boolean): Promise<void> {
  const source = Readable.from(withTurns(texts));
  if (gzip) await pipeline(source, createGzip({ level: 1 }), outgoing);
  else await pipeline(source, outgoing);
}

/** A fast client must not keep the others waiting until it has the whole list. */
async function* withTurns(texts: Iterable<Buffer>): AsyncGenerator<Buffer> {
  for (const text of texts) {
    yield text;
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
