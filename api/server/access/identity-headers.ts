import type { RequestContext } from '../server-environment.ts';

/** Say who makes a request; what they said counted when access was judged (apiserver endpoints/filters/authentication.go). */
const IDENTITY_HEADER = /^(impersonate-|x-remote-(user|group|uid)$|x-remote-extra-)/;

/** Takes the headers of impersonation and of front proxies away, so that nothing behind may believe them. */
export function hideIdentityHeaders({ env: { incoming }, req: { raw } }: RequestContext): void {
  for (const name of Object.keys(incoming.headers)) {
    if (!IDENTITY_HEADER.test(name)) continue;
    delete incoming.headers[name];
    raw.headers.delete(name);
  }
}
