/** Answers with a JSON text that is ready. */
export interface ReplyOptions {
  status?: number;
  contentType?: string;
  warnings?: readonly string[];
}

export function reply(body: string, options: ReplyOptions = {}): Response {
  const { warnings = [] } = options;
  return new Response(body, {
    status: options.status ?? 200,
    headers: {
      'content-type': options.contentType ?? 'application/json',
      'cache-control': 'no-cache, private',
      ...(warnings.length === 0 ? {} : { warning: warningHeader(warnings) }),
    },
  });
}

export function replyJson(value: unknown, options?: ReplyOptions): Response {
  return reply(`${JSON.stringify(value)}\n`, options);
}

/** As kube-apiserver: header lines that grow too long are cut. */
const MAX_WARNING_BYTES = 4096;

/** `299 - "text"` for each; several in one line mean the same as several lines (RFC 9110, section 5.3). */
function warningHeader(warnings: readonly string[]): string {
  const lines: string[] = [];
  let size = 0;
  for (const warning of warnings) {
    const text = warning.replaceAll(/[^\u0020-\u007e]/g, '?').replaceAll(/["\\]/g, '\\$&');
    size += text.length;
    if (size > MAX_WARNING_BYTES) break;
    lines.push(`299 - "${text}"`);
  }
  return lines.join(', ');
}
