import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer, json } from 'node:stream/consumers';

export interface HTTPGitOptions {
  /** Folder with repositories. */
  folder: string;
  username: string;
  password: string;
  /** Address to listen on, and the name in URLs. */
  listen?: string;
  host?: string;
  /** Objects of Git LFS, by their id. */
  largeFiles?: ReadonlyMap<string, Buffer>;
}

export interface HTTPGitServer extends AsyncDisposable {
  /** http://HOST:PORT/project.git */
  readonly url: string;
}

/** git's own HTTP server behind a password, as a hosting service asks for one, with the API of Git LFS beside it. */
export async function httpGitServer(options: HTTPGitOptions): Promise<HTTPGitServer> {
  const { username, password, listen = '127.0.0.1', host = '127.0.0.1' } = options;
  const expected = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  let base = '';
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x');
    if (pathname.startsWith('/missing')) response.writeHead(404).end();
    else if (request.headers.authorization !== expected) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
    } else if (pathname.endsWith('/info/lfs/objects/batch')) void sendBatch(request, response, base);
    else if (pathname.startsWith('/objects/')) {
      response.end(options.largeFiles?.get(pathname.slice('/objects/'.length)));
    } else backend(request, response, { folder: options.folder, pathname, query: searchParams.toString() });
  }).listen(0, listen);
  await once(server, 'listening');
  base = `http://${host}:${(server.address() as AddressInfo).port}`;
  return {
    url: `${base}/project.git`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Batch {
  objects: { oid: string; size: number }[];
}

/** https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md */
async function sendBatch(request: IncomingMessage, response: ServerResponse, base: string): Promise<void> {
  const { objects } = (await json(request)) as Batch;
  const answers = objects.map(({ oid, size }) => ({
    oid,
    size,
    actions: { download: { href: `${base}/objects/${oid}` } },
  }));
  response.writeHead(200, { 'content-type': 'application/vnd.git-lfs+json' });
  response.end(JSON.stringify({ transfer: 'basic', objects: answers }));
}

/** One request through `git http-backend`, a CGI program. */
function backend(
  request: IncomingMessage,
  response: ServerResponse,
  { folder, pathname, query }: { folder: string; pathname: string; query: string },
): void {
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'],
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: pathname,
      QUERY_STRING: query,
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      REMOTE_USER: 'bob',
    },
  });
  request.pipe(child.stdin);
  void buffer(child.stdout).then((output) => {
    const end = output.indexOf('\r\n\r\n');
    for (const line of output.subarray(0, end).toString().split('\r\n')) {
      const [name = '', value = ''] = line.split(': ');
      if (name !== 'Status') response.setHeader(name, value);
    }
    response.end(output.subarray(end + 4));
  });
}
