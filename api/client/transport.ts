import { Pool } from 'undici';
import { sleep, systemClock } from '../machinery/clock.ts';
import type { Clock } from '../machinery/clock.ts';
import { silentMeter } from '../machinery/meter.ts';
import type { Meter, Metric } from '../machinery/meter.ts';
import { StatusError } from '../machinery/status-error.ts';
import { traceparentOf } from '../machinery/tracing/trace-context.ts';
import { silentTracer } from '../machinery/tracing/tracer.ts';
import type { Tracer } from '../machinery/tracing/tracer.ts';
import type { Credentials } from './credentials.ts';
import { readLines } from './line-stream.ts';
import { requestUpgrade } from './upgrade.ts';
import type { UpgradedConnection, UpgradeRequest } from './upgrade.ts';
import { connectionError, isLostConnection, responseError, retryAfterMs } from './transport-error.ts';

/** HTTP to one API server: authentication, pooling and errors as StatusError. What a Client is made of. */
export interface Transport {
  /** Server address, for messages: no credentials in it. */
  readonly server: string;
  /** One exchange. Throws StatusError for every status from 400 on, and for a server that is away. */
  send(request: ApiRequest): Promise<ApiResponse>;
  /** Lines of an answer that may never end. Throws as `send` does; a cut connection is ServiceUnavailable. */
  lines(request: ApiRequest): AsyncIterable<string>;
  /** Bytes of an answer that the server may have to prepare for long. Throws as `lines` does. */
  bytes(request: ApiRequest): AsyncIterable<Uint8Array>;
  /** A connection of its own that speaks another protocol. Throws as `send` does. */
  upgrade(request: UpgradeRequest): Promise<UpgradedConnection>;
  close(): Promise<void>;
}

export interface ApiRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query. */
  path: string;
  /** A text or bytes as they are; anything else as JSON. */
  body?: unknown;
  /** Default application/json. */
  contentType?: string;
  /** Default application/json. */
  accept?: string;
  signal?: AbortSignal | undefined;
  /** As whom the request is made, by somebody who may impersonate him; absent: as the one whose credentials these are. */
  asUser?: string;
}

export interface ApiResponse {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

export interface TransportOptions {
  /** `https://host:port` with an optional path before the API's own. */
  server: string;
  /** PEM; absent: the system's authorities. */
  ca?: string | undefined;
  skipTLSVerify?: boolean | undefined;
  /** Name to check the certificate against, when it is not the host of `server`. */
  tlsServerName?: string | undefined;
  credentials: Credentials;
  userAgent?: string;
  clock?: Clock;
  meter?: Meter;
  /** Whose active span the requests are a part of. */
  tracer?: Tracer;
}

/** client-go's, by its names and labels. */
const REQUESTS: Metric = {
  name: 'rest_client_requests_total',
  help: 'Requests to the API server by method and HTTP status.',
  labels: ['code', 'method', 'host'],
};

/** How long a server may take to begin and to go on with an answer, in milliseconds (kube-apiserver: 60 s). */
const ANSWER_TIMEOUT_MS = 65_000;
/** How often a request is sent again that the server turned away with 429 and Retry-After. */
const MAX_THROTTLED = 5;

/** Sends over one keep-alive pool. Connections are opened as needed: every watch holds one. */
export function createTransport(options: TransportOptions): Transport {
  const wire = createExchange(options);
  const clock = options.clock ?? systemClock;
  const translate = (error: unknown, signal?: AbortSignal): Error =>
    connectionError(error, { server: options.server, signal });

  async function sendOnce(request: ApiRequest): Promise<ApiResponse> {
    const answer = await wire.exchange(request);
    const text = await answer.body.text();
    if (answer.statusCode >= 400) throw responseError(answer.statusCode, text, answer.headers);
    return { status: answer.statusCode, headers: answer.headers, text };
  }

  /** The body of an answer that is taken as it comes. */
  async function open(request: ApiRequest, timeouts: Partial<Timeouts>) {
    const answer = await wire.exchange(request, timeouts);
    if (answer.statusCode < 400) return answer.body;
    throw responseError(answer.statusCode, await answer.body.text(), answer.headers);
  }

  return {
    server: options.server,
    async send(request) {
      for (let attempt = 0; ; attempt += 1) {
        try {
          return await sendOnce(request);
        } catch (error) {
          // A kept-alive socket that the server closed meanwhile says nothing about the server: reads go again.
          if (attempt === 0 && request.method === 'GET' && isLostConnection(error)) continue;
          const wait = retryAfterMs(error);
          if (wait === undefined || attempt >= MAX_THROTTLED) throw translate(error, request.signal);
          await sleep(clock, wait, request.signal);
        }
      }
    },
    async *lines(request) {
      try {
        yield* readLines(await open(request, { body: 0 }));
      } catch (error) {
        throw translate(error, request.signal);
      }
    },
    async *bytes(request) {
      try {
        yield* (await open(request, { headers: 0, body: 0 })) as AsyncIterable<Uint8Array>;
      } catch (error) {
        throw translate(error, request.signal);
      }
    },
    async upgrade(request) {
      const auth = await options.credentials.current();
      return requestUpgrade({ ...options, auth, userAgent: options.userAgent ?? 'troupe' }, request);
    },
    close: () => wire.close(),
  };
}

/** The same transport, whose requests end when `signal` aborts too. */
export function transportWithin(transport: Transport, signal: AbortSignal): Transport {
  const bound = (request: ApiRequest): ApiRequest => ({
    ...request,
    signal: request.signal === undefined ? signal : AbortSignal.any([signal, request.signal]),
  });
  return {
    ...transport,
    send: (request) => transport.send(bound(request)),
    lines: (request) => transport.lines(bound(request)),
    bytes: (request) => transport.bytes(bound(request)),
    upgrade: (request) =>
      transport.upgrade({ ...request, signal: AbortSignal.any([signal, request.signal]) }),
  };
}

/** Milliseconds until the answer begins, and between two pieces of it; 0 for none. */
interface Timeouts {
  headers: number;
  body: number;
}

/** The same transport, whose requests are made as `user`, by somebody who may impersonate him. It upgrades no connection. */
export function transportAs(transport: Transport, user: string): Transport {
  const as = (request: ApiRequest): ApiRequest => ({ ...request, asUser: user });
  return {
    ...transport,
    send: (request) => transport.send(as(request)),
    lines: (request) => transport.lines(as(request)),
    bytes: (request) => transport.bytes(as(request)),
    upgrade: () =>
      Promise.reject(new StatusError('BadRequest', 'no connection is upgraded as somebody else')),
  };
}

/** The bare request, counted. */
function createExchange(options: TransportOptions) {
  const url = new URL(options.server);
  const prefix = url.pathname.replace(/\/$/, '');
  const pools = createPools(options, url);
  const { meter = silentMeter, tracer = silentTracer } = options;
  const count = (method: string, code: string): void =>
    meter.counter(REQUESTS, { code, method, host: url.host }).add();

  async function exchange(request: ApiRequest, timeouts: Partial<Timeouts> = {}) {
    const auth = await options.credentials.current();
    const { body, method } = request;
    const trace = tracer.handOn();
    return pools.get(auth).request({
      method,
      path: prefix + request.path,
      headers: {
        accept: request.accept ?? 'application/json',
        'user-agent': options.userAgent ?? 'troupe',
        ...(body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' }),
        ...(trace === undefined ? {} : { traceparent: traceparentOf(trace) }),
        ...auth.headers,
        ...(request.asUser === undefined ? {} : { 'impersonate-user': request.asUser }),
      },
      body: encoded(body),
      signal: request.signal ?? null,
      headersTimeout: timeouts.headers ?? ANSWER_TIMEOUT_MS,
      bodyTimeout: timeouts.body ?? ANSWER_TIMEOUT_MS,
    });
  }

  return {
    async exchange(request: ApiRequest, timeouts: Partial<Timeouts> = {}) {
      try {
        const answer = await exchange(request, timeouts);
        count(request.method, String(answer.statusCode));
        return answer;
      } catch (error) {
        count(request.method, '<error>');
        throw error;
      }
    },
    close: () => pools.destroy(),
  };
}

function encoded(body: unknown): string | Uint8Array | null {
  if (body === undefined) return null;
  return typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
}

/** A pool holds its client certificate; an exec plugin that hands out a new one gets a new pool. */
function createPools(options: TransportOptions, url: URL) {
  let current: { certificate: string; pool: Pool } | undefined;
  const all = new Set<Pool>();
  return {
    get(auth: { certificate?: string; key?: string }): Pool {
      const certificate = auth.certificate ?? '';
      if (current?.certificate !== certificate) {
        const old = current?.pool;
        // Ends once its last watch has; a failed close leaves it to be destroyed with the rest.
        old?.close().then(
          () => all.delete(old),
          () => undefined,
        );
        current = { certificate, pool: openPool(options, url, auth) };
        all.add(current.pool);
      }
      return current.pool;
    },
    async destroy(): Promise<void> {
      const closed = new StatusError('ServiceUnavailable', `the connection to ${options.server} was closed`);
      await Promise.all([...all].map((pool) => pool.destroy(closed)));
    },
  };
}

function openPool(options: TransportOptions, url: URL, auth: { certificate?: string; key?: string }): Pool {
  return new Pool(url.origin, {
    // A watch is a connection of its own: over HTTP/2 a lost frame of one would hold up all others.
    allowH2: false,
    connect: {
      timeout: 10_000,
      keepAlive: true,
      // A watch may be silent for long; probes find a peer that vanished without closing.
      keepAliveInitialDelay: 15_000,
      ...(options.ca === undefined ? {} : { ca: options.ca }),
      ...(auth.certificate === undefined ? {} : { cert: auth.certificate }),
      ...(auth.key === undefined ? {} : { key: auth.key }),
      ...(options.skipTLSVerify === true ? { rejectUnauthorized: false } : {}),
      ...(options.tlsServerName === undefined ? {} : { servername: options.tlsServerName }),
    },
  });
}
