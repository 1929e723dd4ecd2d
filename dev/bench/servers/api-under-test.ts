import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Agent, request } from 'undici';
import type { Dispatcher } from 'undici';
import { parse } from 'yaml';
import { projectRoot } from '../../environment/cache-folder.ts';
import { startProcess } from '../../environment/process.ts';
import { temporaryFolder } from '../../environment/temporary-folder.ts';

/** The access of a client, as another process can be given it. */
export interface ApiAccess {
  url: string;
  /** PEM; absent: the certificate is not checked. */
  caCertificate?: string;
  headers: Record<string, string>;
}

export interface ApiUnderTest extends AsyncDisposable {
  readonly pid: number;
  readonly access: ApiAccess;
  /** Sends a request and gives the body's text. Throws on any status above 299. */
  call(method: Dispatcher.HttpMethod, path: string, body?: unknown): Promise<string>;
  /** Sends a PATCH whose body is of the given type. */
  patch(path: string, type: string, body: unknown): Promise<string>;
  /** Sends a GET and gives the body as it arrives. */
  open(path: string, signal: AbortSignal): Promise<AsyncIterable<Buffer>>;
}

export interface ApiOptions {
  /** mysql://… or sqlite:…; a file in a temporary folder when absent. */
  databaseUrl?: string;
  /** Where its keys and certificates are; replicas share it. A temporary folder when absent. */
  dataFolder?: string;
  /** The arguments of `troupe`; default the API alone. */
  command?: readonly string[];
  env?: Record<string, string>;
}

interface Kubeconfig {
  clusters: { cluster: { server: string; 'certificate-authority-data'?: string } }[];
  users: { user: { token: string } }[];
}

/** One of our servers in a process of its own, and a client with its kubeconfig's CA and token. */
export async function apiUnderTest(options: ApiOptions = {}): Promise<ApiUnderTest> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder('bench'));
  const kubeconfig = path.join(folder.path, 'kubeconfig');
  const server = stack.use(
    await startProcess({
      command: path.join(projectRoot, 'bin/troupe'),
      args: [
        ...(options.command ?? ['api']),
        ...['--listen', '127.0.0.1:0', '--log-level', 'warn'],
        ...['--data-dir', options.dataFolder ?? path.join(folder.path, 'data')],
        ...['--write-kubeconfig', kubeconfig],
      ],
      env: {
        ...process.env,
        TROUPE_DATABASE_URL: options.databaseUrl ?? '',
        TROUPE_REDIS_URL: '',
        ...options.env,
      },
    }),
  );
  await server.until({
    what: 'get ready',
    ready: () => server.output().includes(' ready at '),
    timeoutMs: 60_000,
  });
  const client = stack.use(clientOf(await readAccess(kubeconfig)));
  const owned = stack.move();
  return { ...client, pid: server.pid, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A server that runs already, such as a kube-apiserver with crds/ applied: the same figures of another program. */
export async function existingApi(kubeconfig: string, pid: number): Promise<ApiUnderTest> {
  return { ...clientOf(await readAccess(kubeconfig)), pid };
}

async function readAccess(kubeconfig: string): Promise<ApiAccess> {
  const config = parse(await readFile(kubeconfig, 'utf8')) as Kubeconfig;
  const { cluster } = config.clusters[0] ?? fail('cluster');
  const { user } = config.users[0] ?? fail('user');
  const authority = cluster['certificate-authority-data'];
  return {
    url: cluster.server,
    ...(authority === undefined ? {} : { caCertificate: Buffer.from(authority, 'base64').toString() }),
    headers: { authorization: `Bearer ${user.token}` },
  };
}

function clientOf(access: ApiAccess): Omit<ApiUnderTest, 'pid'> {
  const { url, caCertificate, headers } = access;
  const connect = caCertificate === undefined ? { rejectUnauthorized: false } : { ca: caCertificate };
  const dispatcher = new Agent({ connections: 128, bodyTimeout: 0, connect, allowH2: false });
  /** Each stream keeps a connection. */
  const streams = new Agent({ connections: null, bodyTimeout: 0, connect, allowH2: false });
  const send = async (path: string, sent: { method: Dispatcher.HttpMethod; type: string; body: unknown }) => {
    const { method, type, body } = sent;
    const answer = await request(url + path, {
      method,
      headers: { ...headers, 'content-type': type },
      dispatcher,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    if (answer.statusCode > 299) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`);
    return text;
  };
  return {
    access,
    call: (method, path, body) => send(path, { method, type: 'application/json', body }),
    patch: (path, type, body) => send(path, { method: 'PATCH', type, body }),
    async open(path, signal) {
      const answer = await request(url + path, { headers, dispatcher: streams, signal });
      if (answer.statusCode > 299)
        throw new Error(`GET ${path}: ${answer.statusCode} ${await answer.body.text()}`);
      return answer.body as AsyncIterable<Buffer>;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([dispatcher.destroy(), streams.destroy()]);
    },
  };
}

function fail(what: string): never {
  throw new Error(`the kubeconfig names no ${what}`);
}
