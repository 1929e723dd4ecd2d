import { STANDARD_HEADERS, isFrontProxyHeader } from '../../authentication/front-proxy.ts';
import type { FrontProxyHeaders } from '../../authentication/front-proxy.ts';
import type { RequestContext } from '../server-environment.ts';
import { IMPERSONATION_PREFIX } from './impersonation/requested-user.ts';

/** Whether a header, by its name in lower case, says who makes a request. */
export type IdentityHeaders = (name: string) => boolean;

/** Those of impersonation, those that front proxies usually send, and those of the own one. */
export function identityHeaders(own: FrontProxyHeaders): IdentityHeaders {
  return (name) =>
    name.startsWith(IMPERSONATION_PREFIX) ||
    isFrontProxyHeader(name, STANDARD_HEADERS) ||
    isFrontProxyHeader(name, own);
}

/**
 * Takes the headers away that say who makes a request: they counted when access was judged, and nothing behind may
 * believe them (apiserver endpoints/filters/authentication.go).
 */
export function hideIdentityHeaders(context: RequestContext, isIdentityHeader: IdentityHeaders): void {
  const { incoming } = context.env;
  for (const name of Object.keys(incoming.headers)) {
    if (!isIdentityHeader(name)) continue;
    delete incoming.headers[name];
    context.req.raw.headers.delete(name);
  }
}
