import { createServer } from 'node:https';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFile } from 'node:fs/promises';

/**
 * The least that a Node HTTPS server can do, in a process of its own: `GET /` answers the bytes of a file,
 * `GET /watch` stays open, and `POST /` sends the request's body to every open watch as one line.
 * Usage: node floor-server.ts CERTIFICATE KEY BODY-FILE
 */
const [certificate = '', key = '', bodyFile = ''] = process.argv.slice(2);
const body = await readFile(bodyFile);
const watchers = new Set<ServerResponse>();

const server = createServer(
  { cert: await readFile(certificate), key: await readFile(key) },
  (request, response) => {
    if (request.url === '/watch') {
      watchers.add(response);
      response.on('close', () => watchers.delete(response));
      response.writeHead(200, { 'content-type': 'application/json' });
      response.flushHeaders();
      return;
    }
    if (request.method === 'POST') {
      let text = '';
      request.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      request.on('end', () => {
        for (const watcher of watchers) watcher.write(`${text}\n`);
        response.end(text);
      });
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
    response.end(body);
  },
);
server.listen(0, '127.0.0.1', () => console.log(`ready at ${(server.address() as AddressInfo).port}`));
process.on('SIGTERM', () => process.exit(0));
