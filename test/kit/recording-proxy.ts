import { createServer, request as plainRequest } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, request as tlsRequest } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';

/** One request that went through. */
export interface RecordedRequest {
  method: string;
  /** With the query as it was sent. */
  url: string;
  contentType: string;
  accept: string;
  status: number;
}

export interface RecordingProxy extends AsyncDisposable {
  readonly url: string;
  /** What was recorded since the last call. */
  take(): RecordedRequest[];
  /** Resolves once a request whose URL matches has been answered, or is being answered (a watch). */
  seen(pattern: RegExp): Promise<void>;
}

export interface ProxyTarget {
  url: string;
  caCertificate: string;
  token: string;
}

/**
 * Between a client and an API server, over plain HTTP on the client's side: the client needs no certificate, and
 * every request is written down. Bodies pass as they are, watches flow.
 */
export async function recordingProxy(target: ProxyTarget): Promise<RecordingProxy> {
  let recorded: RecordedRequest[] = [];
  let listeners: { pattern: RegExp; resolve: () => void }[] = [];
  const agent = new Agent({ ca: target.caCertificate, keepAlive: true });
  const note = (entry: RecordedRequest): void => {
    recorded.push(entry);
    const ready = listeners.filter(({ pattern }) => pattern.test(entry.url));
    listeners = listeners.filter((one) => !ready.includes(one));
    for (const { resolve } of ready) resolve();
  };
  const server = createServer((incoming, outgoing) => {
    forward(incoming, outgoing, { target, agent, note });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    take() {
      const taken = recorded;
      recorded = [];
      return taken;
    },
    seen: (pattern) =>
      new Promise((resolve) => {
        listeners.push({ pattern, resolve });
      }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      agent.destroy();
      await once(server, 'close');
    },
  };
}

interface Forwarding {
  target: ProxyTarget;
  agent: Agent;
  note(entry: RecordedRequest): void;
}

function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { target, agent, note }: Forwarding,
): void {
  const { host: _host, connection: _connection, ...headers } = incoming.headers;
  const secure = target.url.startsWith('https:');
  const upstream = (secure ? tlsRequest : plainRequest)(new URL(incoming.url ?? '/', target.url), {
    method: incoming.method,
    headers: { ...headers, authorization: `Bearer ${target.token}` },
    ...(secure ? { agent } : {}),
  });
  upstream.on('response', (answer) => {
    note({
      method: incoming.method ?? '',
      url: incoming.url ?? '',
      contentType: incoming.headers['content-type'] ?? '',
      accept: incoming.headers.accept ?? '',
      status: answer.statusCode ?? 0,
    });
    outgoing.writeHead(answer.statusCode ?? 502, withoutConnection(answer.headers));
    outgoing.flushHeaders();
    // The client may leave a watch at any time; so may the server.
    pipeline(answer, outgoing).catch(() => outgoing.destroy());
  });
  upstream.on('error', () => outgoing.destroy());
  outgoing.on('close', () => upstream.destroy());
  pipeline(incoming, upstream).catch(() => undefined);
}

function withoutConnection(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  const { connection: _connection, 'transfer-encoding': _encoding, 'keep-alive': _alive, ...kept } = headers;
  return kept;
}
