import { RefusedAddressError } from './refused-address-error.ts';

/** `fetch`, or something like it: what the standard says of redirects is up to this file. */
export type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/** How many redirects a call follows; browsers follow 20, and services of machines need one or two. */
const MOST_REDIRECTS = 5;
export const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Headers that another origin may know. Keys have headers of any name, so these are listed and not those. */
const HARMLESS = new Set(['accept', 'accept-language', 'content-language', 'content-type', 'user-agent']);

/**
 * Follows redirects as https://fetch.spec.whatwg.org/#http-redirect-fetch has it, with less trust in whoever sends them:
 * another origin gets no credential, in no header and no body; https does not become http; and five are enough.
 * `init.redirect` may be "manual" or "error".
 */
export function followRedirects(fetch: Fetch): Fetch {
  return async (url, init = {}) => {
    const { redirect = 'follow', ...rest } = init;
    let target = httpURL(url);
    let request: RequestInit = rest;
    for (let followed = 0; ; followed += 1) {
      const response = await fetch(target, { ...request, redirect: 'manual' });
      const location = REDIRECTS.has(response.status) ? response.headers.get('location') : null;
      if (location === null || redirect === 'manual') return response;
      await response.body?.cancel();
      if (redirect === 'error' || followed >= MOST_REDIRECTS) {
        throw new TypeError(
          redirect === 'error' ? 'a redirect is not followed' : `more than ${MOST_REDIRECTS} redirects`,
        );
      }
      const next = httpURL(location, target);
      request = redirected(request, { status: response.status, from: target, to: next });
      target = next;
    }
  };
}

/** @throws RefusedAddressError for another scheme, TypeError for a text that is no URL */
function httpURL(url: string | URL, base?: URL): URL {
  const parsed = new URL(url, base);
  if (parsed.protocol === 'http:' || parsed.protocol === 'https:') return parsed;
  throw new RefusedAddressError(`${parsed.protocol} is refused: only http and https are called`);
}

function redirected(
  init: RequestInit,
  { status, from, to }: { status: number; from: URL; to: URL },
): RequestInit {
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    throw new RefusedAddressError(`the redirect of ${from.host} is refused: it leads from https to http`);
  }
  const request = asGet(init, status);
  if (from.origin === to.origin) return request;
  if (request.body !== undefined && request.body !== null) {
    throw new RefusedAddressError(`the redirect of ${from.host} is refused: it takes the body to ${to.host}`);
  }
  const headers = new Headers(request.headers);
  for (const name of [...headers.keys()]) if (!HARMLESS.has(name)) headers.delete(name);
  return { ...request, headers };
}

/** After 303, and where a POST was made after 301 and 302, the answer is fetched with GET. */
function asGet(init: RequestInit, status: number): RequestInit {
  const method = (init.method ?? 'GET').toUpperCase();
  const becomesGet =
    (status === 303 && method !== 'GET' && method !== 'HEAD') ||
    ((status === 301 || status === 302) && method === 'POST');
  if (!becomesGet) return init;
  const headers = new Headers(init.headers);
  for (const name of ['content-encoding', 'content-language', 'content-location', 'content-type'])
    headers.delete(name);
  return { ...init, headers, method: 'GET', body: null };
}
