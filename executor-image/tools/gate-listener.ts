import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RUN_LIMITS } from '#executor-manager/protocol/run';
import { GateEndpoint, sendError } from './gate-endpoint.ts';
import type { Served } from './gate-endpoint.ts';

/** The way of the agent's programs to their servers: HTTP on loopback, with a token of the run. */
export interface GateListener {
  token: string;
  /** The address of a server. */
  urlOf(name: string): string;
  /** Serves under a name from now on. */
  serve(name: string, served: Served): GateEndpoint;
  close(): Promise<void>;
}

/** Throws the system's error when there is no port. */
export async function openGateListener(): Promise<GateListener> {
  const token = randomBytes(32).toString('base64url');
  const endpoints = new Map<string, GateEndpoint>();
  const http = createServer((request, response) => {
    answer({ token, endpoints }, request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else sendError(response, 500, error instanceof Error ? error.message : 'failed');
    });
  });
  // A call takes as long as the tool, or the person who is asked, needs.
  http.requestTimeout = 0;
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  return {
    token,
    urlOf: (name) => `http://127.0.0.1:${port}/${name}`,
    serve(name, served) {
      const endpoint = new GateEndpoint(served);
      endpoints.set(name, endpoint);
      return endpoint;
    },
    async close() {
      await Promise.all([...endpoints.values()].map((endpoint) => endpoint.close()));
      await closed(http);
    },
  };
}

async function closed(http: HttpServer): Promise<void> {
  const gone = once(http, 'close');
  http.close();
  http.closeAllConnections();
  await gone;
}

interface Gate {
  token: string;
  endpoints: ReadonlyMap<string, GateEndpoint>;
}

async function answer(gate: Gate, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (!hasToken(request, gate.token)) {
    sendError(response, 401, 'a token is needed');
    return;
  }
  const { pathname } = new URL(request.url ?? '/', 'http://gate');
  const endpoint = gate.endpoints.get(pathname.slice(1));
  if (endpoint === undefined) {
    sendError(response, 404, 'there is no such server');
    return;
  }
  if (request.method !== 'POST') {
    await endpoint.handle(request, response, undefined);
    return;
  }
  const text = await readBody(request);
  const body = text === undefined ? undefined : parsed(text);
  if (text === undefined) sendError(response, 413, `a request has at most ${RUN_LIMITS.requestBytes} bytes`);
  else if (body === undefined) sendError(response, 400, 'the body is not JSON');
  else await endpoint.handle(request, response, body);
}

function hasToken({ headers }: IncomingMessage, token: string): boolean {
  const [, given = ''] = /^Bearer (.+)$/i.exec(headers.authorization ?? '') ?? [];
  const hash = (value: string): Buffer => createHash('sha256').update(value).digest();
  return timingSafeEqual(hash(given), hash(token));
}

/** Undefined for one that is too large; it is read to its end all the same, so that the client sees the answer. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= RUN_LIMITS.requestBytes) chunks.push(chunk);
  }
  return size > RUN_LIMITS.requestBytes ? undefined : Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
