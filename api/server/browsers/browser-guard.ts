import type { Hono } from 'hono';
import type { ServerTypes } from '../server-environment.ts';
import type { CorsPolicy } from './cors.ts';
import { refuseCrossOrigin } from './cross-origin.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

export interface BrowserRules {
  cors: CorsPolicy;
  /** The value of Strict-Transport-Security; undefined: no such header. */
  strictTransportSecurity: string | undefined;
}

/** Comes before anybody is asked who he is: a browser sends no credentials with the question whether it may call. */
export function mountBrowserGuard(app: Hono<ServerTypes>, rules: BrowserRules): void {
  const { cors, strictTransportSecurity } = rules;
  const headers =
    strictTransportSecurity === undefined
      ? SECURITY_HEADERS
      : [...SECURITY_HEADERS, ['strict-transport-security', strictTransportSecurity] as const];
  app.use('*', async (c, next) => {
    const { outgoing } = c.env;
    for (const [name, value] of headers) outgoing.setHeader(name, value);
    const { method } = c.req;
    const header = (name: string): string | undefined => c.req.header(name);
    const origin = header('origin');
    if (origin !== undefined) {
      for (const [name, value] of Object.entries(cors.headersFor(origin))) outgoing.setHeader(name, value);
      if (method === 'OPTIONS' && cors.allows(origin)) return new Response(null, { status: 204 });
    }
    refuseCrossOrigin({ method, header, isUpgrade: header('upgrade') !== undefined }, cors);
    await next();
    // What an answer varies by already stands in its own headers, which replace ours.
    const vary = origin === undefined ? null : c.res.headers.get('vary');
    if (vary !== null) c.res.headers.set('vary', `${vary}, Origin`);
    return undefined;
  });
}
