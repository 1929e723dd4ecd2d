import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedWebhook {
  headers: IncomingHttpHeaders;
  body: string;
}

/** An address that takes webhooks, and answers with the next of the given codes, or 204. */
export interface WebhookReceiver extends AsyncDisposable {
  url: string;
  /** `127.0.0.1:PORT`, to be allowed. */
  address: string;
  /** The next one, as it came. */
  next(): Promise<ReceivedWebhook>;
}

export async function webhookReceiver(...codes: number[]): Promise<WebhookReceiver> {
  const received: ReceivedWebhook[] = [];
  const readers: ((one: ReceivedWebhook) => void)[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const one = { headers: request.headers, body: Buffer.concat(pieces).toString('utf8') };
      const reader = readers.shift();
      if (reader === undefined) received.push(one);
      else reader(one);
      response.writeHead(codes.shift() ?? 204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${address}/hook`,
    address,
    next() {
      const known = received.shift();
      return known === undefined ? new Promise((resolve) => readers.push(resolve)) : Promise.resolve(known);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Whether the key has signed it (https://www.standardwebhooks.com), by somebody who shares no code with the sender. */
export function isSignedBy(key: string, { headers, body }: ReceivedWebhook): boolean {
  const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
  const expected = createHmac('sha256', key).update(signed).digest('base64');
  return headers['webhook-signature'] === `v1,${expected}`;
}
