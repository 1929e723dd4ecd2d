import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostAndPort } from '#api/machinery/host-port';
import type { Client } from '#api/client/client';
import { describeError } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import { objectKey } from '#api/machinery/meta';
import { refOf } from '#api/machinery/resource-type';
import type { ObjectRef } from '#api/machinery/resource-type';
import type { Sync } from '#api/types/generated/sync';
import { SECRETS } from '#api/types/resources';
import { WEBHOOK_TOKEN_KEY } from '#api/types/sync';
import { isSigned } from './signed-call.ts';

export interface WebhookServerOptions {
  address: { host: string; port: number };
  syncs: { get(key: string): Sync | undefined };
  client: Pick<Client, 'find'>;
  /** Has the repository looked at now. */
  onCall(ref: ObjectRef): Promise<void>;
  logger: Logger;
}

export interface WebhookServer {
  url: string;
  close(): Promise<void>;
}

/** GitHub caps payloads at 25 MB; those of a push are far below this. */
const MOST_BYTES = 4 * 1024 * 1024;
const PATH = /^\/webhooks\/syncs\/([^/]{1,253})\/([^/]{1,253})$/;

/**
 * `POST /webhooks/syncs/NAMESPACE/NAME`, without TLS, for a proxy in front of it. Whoever does not know the token is told
 * the same about every Sync, whether it is there or not.
 */
export async function startWebhookServer(options: WebhookServerOptions): Promise<WebhookServer> {
  const server = createServer({ requestTimeout: 15_000 }, (request, response) => {
    answer(request, options).then(
      (status) => reply(response, status),
      (error: unknown) => {
        options.logger.error('a webhook failed', { cause: describeError(error) });
        reply(response, 503);
      },
    );
  });
  server.maxConnections = 100;
  server.listen(options.address.port, options.address.host);
  await once(server, 'listening');
  const { address, port } = server.address() as AddressInfo;
  return {
    url: `http://${hostAndPort(address, port)}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

const TEXTS: Readonly<Record<number, string>> = {
  202: 'accepted',
  403: 'forbidden',
  404: 'not found',
  405: 'use POST',
  413: 'too large',
  503: 'not now',
};

function reply(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'text/plain', connection: 'close' });
  response.end(`${TEXTS[status] ?? ''}\n`);
}

async function answer(request: IncomingMessage, options: WebhookServerOptions): Promise<number> {
  const path = PATH.exec(URL.parse(request.url ?? '', 'http://x')?.pathname ?? '');
  if (path === null) return 404;
  if (request.method !== 'POST') return 405;
  const body = await readBody(request);
  if (body === undefined) return 413;
  const [, namespace = '', name = ''] = path;
  const sync = options.syncs.get(objectKey({ namespace, name }));
  const token = sync === undefined ? '' : await tokenOf(sync, options.client);
  if (sync === undefined || !isSigned({ headers: request.headers, body }, token)) return 403;
  await options.onCall({ namespace, name });
  return 202;
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > MOST_BYTES) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

async function tokenOf(sync: Sync, client: Pick<Client, 'find'>): Promise<string> {
  const name = sync.spec.webhook?.secretRef.name;
  const secret = name === undefined ? undefined : await client.find(SECRETS, refOf(sync, name));
  return Buffer.from(secret?.data?.[WEBHOOK_TOKEN_KEY] ?? '', 'base64')
    .toString('utf8')
    .trim();
}
