import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { TestApi } from './api.ts';

export interface PodConnect {
  protocols?: string[];
  headers?: Record<string, string>;
}

/** Connects to streams of a Pod in the namespace default by WebSocket. `path` is the subresource with its query. */
export function connectPod(
  { api, pod }: { api: TestApi; pod: string },
  path: string,
  { protocols = ['v5.channel.k8s.io'], headers = {} }: PodConnect = {},
): WebSocket {
  const url = `${api.url.replace('https', 'wss')}/api/v1/namespaces/default/pods/${pod}/${path}`;
  const socket = new WebSocket(url, protocols, {
    ca: api.caCertificate,
    headers: { authorization: `Bearer ${api.token}`, ...headers },
  });
  // The close event that follows is what counts.
  socket.on('error', () => undefined);
  return socket;
}

/** 101, or the status and the message of a refusal. */
export async function answerOf(socket: WebSocket): Promise<[number, string]> {
  const refused = once(socket, 'unexpected-response') as unknown as Promise<
    [unknown, { statusCode: number } & AsyncIterable<Buffer>]
  >;
  const first = await Promise.race([once(socket, 'open').then(() => undefined), refused]);
  if (first === undefined) return [101, ''];
  let text = '';
  for await (const part of first[1]) text += part.toString();
  return [first[1].statusCode, (JSON.parse(text) as { message: string }).message];
}

/** The path to run a program with standard input and output. */
export const execPath = (...command: string[]): string =>
  `exec?stdin=true&stdout=true&${command.map((part) => `command=${encodeURIComponent(part)}`).join('&')}`;
