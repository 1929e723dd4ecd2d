import path from 'node:path';
import { Agent, request } from 'undici';
import type { ApiOptions } from '#api/api-options';
import type { ApiAuthentication } from '#api/config';
import { startApi } from '#api/main';
import type { ServerLimits } from '#api/server/limits/limits';
import type { Clock } from '#api/machinery/clock';
import type { Logger } from '#api/machinery/logger';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { witnessLogger } from './witness-logger.ts';

export interface ApiAnswer {
  status: number;
  headers: Record<string, string[] | string | undefined>;
  text: string;
  /** The body as JSON; throws when it is none. */
  json(): Record<string, never>;
}

export interface ApiRequest {
  method?: 'DELETE' | 'GET' | 'HEAD' | 'OPTIONS' | 'PATCH' | 'POST' | 'PUT';
  headers?: Record<string, string>;
  /** An object is sent as JSON. */
  body?: object | string;
  /** Default: the owner's. */
  token?: string | undefined;
}

/** Lines of an answer that grows. */
export interface ApiLines extends AsyncDisposable {
  status: number;
  /** The next line; undefined at the end. */
  next(): Promise<string | undefined>;
}

/** A real API server on SQLite in a folder of its own. */
export interface TestApi extends AsyncDisposable {
  url: string;
  token: string;
  caCertificate: string;
  kubeconfig: string;
  dataDir: string;
  send(path: string, options?: ApiRequest): Promise<ApiAnswer>;
  lines(path: string, headers?: Record<string, string>): Promise<ApiLines>;
  close(): Promise<void>;
}

export interface TestApiOptions {
  /** A server started again in the folder of an earlier one, or a replica beside it. */
  dataDir?: string;
  logger?: Logger;
  databaseURL?: string;
  redisURL?: string;
  limits?: Partial<ServerLimits>;
  audit?: ApiOptions['audit'];
  /** How it meets browsers, proxies, and clients that ask too often. */
  accounts?: Pick<ApiOptions, 'registration' | 'smtp'>;
  edge?: Pick<ApiOptions, 'corsAllowedOrigins' | 'rates' | 'strictTransportSecurity' | 'trustedProxies'>;
  authentication?: ApiAuthentication;
  clock?: Clock;
}

export async function testApi(options: TestApiOptions = {}): Promise<TestApi> {
  await using stack = new AsyncDisposableStack();
  const log = stack.use(witnessLogger('the API server'));
  const dataDir = options.dataDir ?? stack.use(await temporaryFolder('api')).path;
  const api = await startApi({
    listen: { host: '127.0.0.1', port: 0 },
    dataDir,
    logger: options.logger ?? log,
    ...(options.databaseURL === undefined ? {} : { databaseURL: options.databaseURL }),
    ...(options.redisURL === undefined ? {} : { redisURL: options.redisURL }),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    ...(options.authentication === undefined ? {} : { authentication: options.authentication }),
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    ...options.edge,
    ...options.accounts,
    ...(options.audit === undefined ? {} : { audit: options.audit }),
  });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= api.close());
  stack.defer(close);
  const agent = new Agent({ connect: { ca: api.caCertificate }, bodyTimeout: 0, allowH2: false });
  stack.defer(() => agent.destroy());
  const owned = stack.move();
  return {
    ...api,
    kubeconfig: path.join(dataDir, 'kubeconfig'),
    dataDir,
    close,
    send: (where, sent = {}) => send({ agent, url: api.url + where, token: api.token }, sent),
    lines: (where, headers = {}) => lines({ agent, url: api.url + where, token: api.token }, headers),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

interface Place {
  agent: Agent;
  url: string;
  token: string;
}

async function send({ agent, url, token }: Place, sent: ApiRequest): Promise<ApiAnswer> {
  const shown = 'token' in sent ? sent.token : token;
  const isText = typeof sent.body === 'string';
  const answer = await request(url, {
    dispatcher: agent,
    method: sent.method ?? 'GET',
    headers: {
      ...(shown === undefined ? {} : { authorization: `Bearer ${shown}` }),
      ...(sent.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...sent.headers,
    },
    ...(sent.body === undefined ? {} : { body: isText ? (sent.body as string) : JSON.stringify(sent.body) }),
  });
  const text = await answer.body.text();
  return {
    status: answer.statusCode,
    headers: answer.headers,
    text,
    json: () => JSON.parse(text) as Record<string, never>,
  };
}

async function lines({ agent, url, token }: Place, headers: Record<string, string>): Promise<ApiLines> {
  const abort = new AbortController();
  const answer = await request(url, {
    dispatcher: agent,
    headers: { authorization: `Bearer ${token}`, ...headers },
    signal: abort.signal,
  });
  const parts = answer.body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let rest = '';
  return {
    status: answer.statusCode,
    async next() {
      for (;;) {
        const end = rest.indexOf('\n');
        if (end >= 0) {
          const line = rest.slice(0, end);
          rest = rest.slice(end + 1);
          return line;
        }
        const part = await parts.next();
        if (part.done === true) return rest === '' ? undefined : rest;
        rest += part.value.toString();
      }
    },
    async [Symbol.asyncDispose]() {
      abort.abort();
      await parts.next().catch(() => undefined);
    },
  };
}
