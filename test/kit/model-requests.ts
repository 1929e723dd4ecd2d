import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { buffer } from 'node:stream/consumers';
import { modelService } from './model-script.ts';

/** What a client has asked the model. */
export interface ModelRequest {
  path: string;
  headers: IncomingHttpHeaders;
  body: { model?: string; messages?: { role: string; content: unknown }[] } & Record<string, unknown>;
}

export interface RecordedModel extends AsyncDisposable {
  readonly url: string;
  readonly requests: ModelRequest[];
}

/** A scripted model service that keeps what it was asked. */
export async function recordedModel(yaml: string): Promise<RecordedModel> {
  await using stack = new AsyncDisposableStack();
  const model = stack.use(await modelService(yaml));
  const requests: ModelRequest[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const body = await buffer(request);
      const { url: path = '', headers, method = '' } = request;
      if (body.length > 0) requests.push({ path, headers, body: JSON.parse(String(body)) as never });
      const gone = new AbortController();
      response.once('close', () => gone.abort());
      const answer = await fetch(`${model.url}${path}`, {
        method,
        headers: { 'content-type': 'application/json' },
        ...(body.length > 0 ? { body: new Uint8Array(body) } : {}),
        signal: gone.signal,
      });
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
      await pipeline(Readable.from(answer.body ?? []), response);
    })().catch(() => response.destroy()); // the client has gone, or the model has cut the connection
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const owned = stack.move();
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The texts of all user messages of a request, block by block. */
export function userTexts({ body }: ModelRequest): string[] {
  const users = (body.messages ?? []).filter(({ role }) => role === 'user');
  return users.flatMap(({ content }) =>
    typeof content === 'string'
      ? [content]
      : (content as { type: string; text?: string }[]).flatMap(({ text }) =>
          text === undefined ? [] : [text],
        ),
  );
}
