import { badRequest } from '../../machinery/status-error.ts';
import { checkUrl } from '../request/url-limits.ts';
import type { Credentials } from '../../authentication/authenticator.ts';

/** A request without its body, however it came in: access is judged by it. */
export interface RequestHead extends Credentials {
  /** Upper case. */
  method: string;
  /** Without the query; decoded once, as the router sees it. */
  path: string;
  /** The first value of a parameter. */
  query(name: string): string | undefined;
}

/** As Node, and the handshake of socket.io, have it. */
export interface RawRequestHead {
  method?: string | undefined;
  /** Path and query. */
  url?: string | undefined;
  headers: Readonly<Record<string, string[] | string | undefined>>;
}

/** The head of a request that no router has seen, such as one to upgrade its connection. @throws StatusError BadRequest */
export function requestHead({ method = 'GET', url = '/', headers }: RawRequestHead): RequestHead {
  checkUrl(url);
  const [, rawPath = '', search = ''] = /^([^?#]*)\??([^#]*)/.exec(url) ?? [];
  const parameters = new URLSearchParams(search);
  return {
    method,
    path: decodePath(rawPath),
    query: (name) => parameters.get(name) ?? undefined,
    header(name) {
      const value = headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
  };
}

/** `%2F` stays as it is, and `%25`: parts of a path are decoded once it is cut into them. */
function decodePath(path: string): string {
  if (!path.includes('%')) return path;
  try {
    return decodeURI(path.replaceAll('%25', '%2525'));
  } catch {
    throw badRequest('the path of the URL is not encoded well');
  }
}
