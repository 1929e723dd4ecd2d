import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import { badRequest } from '../../machinery/status-error.ts';
import { checkUrl } from '../request/url-limits.ts';
import type { Credentials } from '../../authentication/authenticator.ts';
import { clientCertificate } from './client-certificate.ts';
import { createHeaderLines } from './header-lines.ts';

/** A request without its body, however it came in: access is judged by it. */
export interface RequestHead extends Credentials {
  /** Upper case. */
  method: string;
  /** The first value of a parameter. */
  query(name: string): string | undefined;
}

/** As Node, and the handshake of socket.io, have it. */
export interface RawRequestHead {
  method?: string | undefined;
  /** Path and query. */
  url?: string | undefined;
  headers: Readonly<Record<string, string[] | string | undefined>>;
  /** Names and values by turns, as they came in; the lines of `headers` where it is absent. */
  rawHeaders?: readonly string[];
  /** Of the connection, which may show a certificate. */
  socket?: object;
}

/** The head of a request that no router has seen, such as one to upgrade its connection. @throws StatusError BadRequest */
export function requestHead({ method = 'GET', url = '/', ...raw }: RawRequestHead): RequestHead {
  checkUrl(url);
  const [, rawPath = '', search = ''] = /^([^?#]*)\??([^#]*)/.exec(url) ?? [];
  const parameters = new URLSearchParams(search);
  return {
    method,
    path: decodePath(rawPath),
    query: (name) => parameters.get(name) ?? undefined,
    ...credentialsOf(raw),
  };
}

/** What a request shows beside its method and its URL. */
export function credentialsOf(
  raw: IncomingMessage | Http2ServerRequest | Pick<RawRequestHead, 'headers' | 'rawHeaders' | 'socket'>,
): Omit<Credentials, 'path'> {
  const { headers, rawHeaders = linesOf(headers), socket } = raw;
  return {
    header(name) {
      const value = headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    ...createHeaderLines(rawHeaders),
    clientCertificate: () => (socket === undefined ? undefined : clientCertificate(socket)),
  };
}

function linesOf(headers: RawRequestHead['headers']): string[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).flatMap((one) => (one === undefined ? [] : [name, one])),
  );
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
