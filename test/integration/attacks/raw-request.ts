import { connect } from 'node:tls';
import { text } from 'node:stream/consumers';
import type { TestApi } from '../../kit/api.ts';

/** A request whose bytes no client has put in order. */
export interface RawRequest {
  /** As it stands in the first line: neither encoded nor normalized. */
  target: string;
  method?: string;
  /** Names and values by turns, in any number and case. */
  headers?: readonly string[];
  body?: string | Uint8Array;
  /** Default: nobody's. */
  token?: string | undefined;
}

export interface RawAnswer {
  /** 0 where the server closed the connection without an answer. */
  status: number;
  /** The first answer: its head and its body. */
  text: string;
}

/** Sends it over TLS and HTTP/1.1, on a connection of its own. */
export async function sendRaw(
  api: Pick<TestApi, 'caCertificate' | 'url'>,
  request: RawRequest,
): Promise<RawAnswer> {
  const { hostname, port, host } = new URL(api.url);
  const socket = connect({ host: hostname, port: Number(port), ca: api.caCertificate });
  // A server that refuses early does not read the rest.
  socket.on('error', () => undefined);
  const { target, method = 'GET', headers = [], body = '', token } = request;
  const lines = [`${method} ${target} HTTP/1.1`, `Host: ${host}`, 'Connection: close'];
  if (token !== undefined) lines.push(`Authorization: Bearer ${token}`);
  for (let at = 0; at < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}`);
  if (body.length > 0 && !headers.some((one) => /^transfer-encoding$/i.test(one)))
    lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
  socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  if (body.length > 0) socket.write(body);
  const answer = await text(socket).catch(() => '');
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0), text: answer };
}
