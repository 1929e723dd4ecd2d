import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { jsonText, parseJsonText } from '../../machinery/json/json.ts';
import { isTrue } from '../request/query.ts';
import type { ResourceRequest } from '../request/resource-request.ts';
import type { RequestContext } from '../server-environment.ts';

/** Answers with a JSON text that is ready. */
export interface ReplyOptions {
  status?: number;
  contentType?: string;
}

/** Node counts the bytes of a text before it encodes it for the socket; of a long one that is half of the work. */
const LONG_TEXT = 32 * 1024;

function reply(body: Uint8Array<ArrayBuffer> | string, options: ReplyOptions = {}): Response {
  const isLong = typeof body === 'string' && body.length > LONG_TEXT;
  return new Response(isLong ? Buffer.from(body) : body, {
    status: options.status ?? 200,
    headers: {
      'content-type': options.contentType ?? 'application/json',
      'cache-control': 'no-cache, private',
    },
  });
}

export function replyJson(value: unknown, options?: ReplyOptions): Response {
  return reply(`${JSON.stringify(value)}\n`, options);
}

/** Answers with an object as it is, whatever form the client asks for; it is noted for the audit log. */
export function replyObject(c: RequestContext, object: unknown, options?: ReplyOptions): Response {
  c.var.audited?.responseObject(() => object);
  return replyJson(object, options);
}

/** As kube-apiserver: header lines that grow too long are cut. */
const MAX_WARNING_BYTES = 4096;

/** `299 - "text"` for each, in a header line of its own: Go clients read them so. */
export function setWarnings(c: RequestContext, warnings: readonly string[]): void {
  if (warnings.length === 0) return;
  const lines: string[] = [];
  let size = 0;
  for (const warning of warnings) {
    const text = warning.replaceAll(/[^\u0020-\u007e]/g, '?').replaceAll(/["\\]/g, '\\$&');
    size += text.length;
    if (size > MAX_WARNING_BYTES) break;
    lines.push(`299 - "${text}"`);
  }
  // Headers of fetch would join them.
  const given = c.env.outgoing.getHeader('warning');
  c.env.outgoing.setHeader('warning', [...(Array.isArray(given) ? given : []), ...lines]);
}

const gzipped = promisify(gzip);
/** Bodies up to this length leave as they are (apiserver responsewriters/writers.go). */
const GZIP_THRESHOLD = 128 * 1024;

/** Answers in the manner the client asked for: indented for people, compressed when it is long. */
export async function replyTo(
  { c }: ResourceRequest,
  body: string,
  options: ReplyOptions,
): Promise<Response> {
  const isJson = (options.contentType ?? 'application/json') === 'application/json';
  const text = isJson && isForPeople(c) ? jsonText(parseJsonText(body), 2) : body;
  if (text.length <= GZIP_THRESHOLD || !acceptsGzip(c.req.header('accept-encoding')))
    return reply(text, options);
  // In a thread of the pool; the level is upstream's: most of the gain for a fraction of the time.
  const compressed = await gzipped(text, { level: 1 });
  const response = reply(compressed, options);
  response.headers.set('content-encoding', 'gzip');
  response.headers.append('vary', 'Accept-Encoding');
  return response;
}

/** The first of the list's encodings that is gzip, unless it is switched off. */
export function acceptsGzip(header: string | undefined): boolean {
  return header !== undefined && /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(header);
}

/** apiserver negotiate.go isPrettyPrint. */
export function isForPeople(c: RequestContext): boolean {
  const asked = c.req.query('pretty') ?? '';
  if (asked !== '') return isTrue(asked);
  return /^(?:curl|Wget|Mozilla\/5\.0)/.test(c.req.header('user-agent') ?? '');
}
