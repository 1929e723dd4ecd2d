import type { RequestContext } from '../server-environment.ts';

/** Whether the client has this version already (If-None-Match, RFC 9110, section 13.1.2). */
export function matchesETag(c: RequestContext, etag: string): boolean {
  const asked = c.req.header('if-none-match');
  if (asked === undefined) return false;
  return asked.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag);
}
