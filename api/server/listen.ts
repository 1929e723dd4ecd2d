import { constants } from 'node:crypto';
import { createSecureServer } from 'node:http2';
import type { Http2SecureServer, ServerHttp2Session } from 'node:http2';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Http2Bindings, HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Hono } from 'hono';
import type { Clock } from '../machinery/clock.ts';
import type { ServerLimits } from './limits/limits.ts';
import { readByStream } from './buffered-reads.ts';
import { NamedContext } from './named-context.ts';
import type { ServerTypes } from './server-environment.ts';
import { acceptUpgrades } from './streams/upgraded-requests.ts';
import { answerUnreadableRequests } from './unreadable-requests.ts';

/** Longer than clients keep a connection for reuse, so that none is closed while a request is on its way. */
const KEEP_ALIVE_MS = 90_000;
/** A machine that is gone says nothing: the kernel asks after this time without a word, as Go's servers have it. */
const TCP_KEEP_ALIVE_MS = 15_000;
/** How often connections are looked at whose request is late; at most. */
const CHECK_MS = 5000;
const MAX_HEADER_BYTES = 1024 * 1024;
/** Requests under way when the server stops get this long. */
const STOP_LIMIT_MS = 5_000;
/** How often connections that got idle are looked for while the server stops. */
const IDLE_SWEEP_MS = 50;

/** Of one HTTP/2 connection; nghttp2 itself limits how fast streams may be reset (CVE-2023-44487). */
const HTTP2_SETTINGS = {
  /** Each watch of a client is one; kube-apiserver allows as many to those who are logged in. */
  maxConcurrentStreams: 1000,
  initialWindowSize: 256 * 1024,
  maxHeaderListSize: MAX_HEADER_BYTES,
};

export interface ListenOptions {
  app: Hono<ServerTypes>;
  host: string;
  /** 0 takes a free one. */
  port: number;
  certificate: string;
  key: string;
  /** A second certificate, for clients that ask for one of its names. */
  named?: CertificatePair | undefined;
  /** PEM of those who sign certificates of clients; absent: clients are not asked for one. */
  clientAuthorities?: string | undefined;
  clock: Clock;
  limits: ServerLimits;
}

export interface Listening {
  port: number;
  /** Connections from now on get this certificate. */
  useCertificate(pair: CertificatePair): void;
  /** As useCertificate, the second one. */
  useNamedCertificate(pair: CertificatePair): void;
  /** Connections from now on are asked for a certificate of these, PEM, if any were asked for one from the start. */
  useClientAuthorities(pem: string): void;
  /** Takes no new requests, waits for those under way, then cuts what is left. */
  close(): Promise<void>;
}

interface CertificatePair {
  /** PEM. */
  certificate: string;
  key: string;
}

/** What Node's HTTP/2 server has beside its types when it also speaks HTTP/1.1. */
type BothServer = Http2SecureServer &
  Pick<HttpsServer, 'closeIdleConnections' | 'headersTimeout' | 'keepAliveTimeout' | 'requestTimeout'>;

/** An answer that was begun by hand, or late, is not to be given again: Hono makes a new one for each HEAD. */
function answering({ fetch }: Hono<ServerTypes>) {
  return async (request: Request, env: Http2Bindings | HttpBindings): Promise<Response> => {
    const response = await fetch(request, env);
    return env.outgoing.headersSent ? RESPONSE_ALREADY_SENT : response;
  };
}

/** HTTP/2 and HTTP/1.1 on one port; ALPN decides. @throws Error of Node when the address cannot be used */
export async function listen(options: ListenOptions): Promise<Listening> {
  const { limits } = options;
  let context = secureContext(options, options.clientAuthorities);
  const named = new NamedContext();
  if (options.named !== undefined) named.use(secureContext(options.named, options.clientAuthorities));
  const server = createAdaptorServer({
    fetch: answering(options.app),
    createServer: createSecureServer,
    serverOptions: {
      ...context,
      SNICallback: named.choose,
      // Who shows no good certificate may still have a token: access is judged with each request.
      requestCert: context.ca !== undefined,
      rejectUnauthorized: false,
      allowHTTP1: true,
      keepAlive: true,
      keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
      handshakeTimeout: limits.handshakeMs,
      connectionsCheckingInterval: Math.min(CHECK_MS, limits.headersMs),
      maxHeaderSize: MAX_HEADER_BYTES,
      settings: HTTP2_SETTINGS,
    },
  }) as unknown as BothServer;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.headersTimeout = limits.headersMs;
  server.requestTimeout = limits.requestMs;
  server.maxConnections = limits.connections;
  answerUnreadableRequests(server, options.clock);
  acceptUpgrades(server);
  readByStream(server);
  const connections = trackConnections(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const use = (next: typeof context): void => {
    context = next;
    server.setSecureContext(context);
  };
  return {
    port: (server.address() as AddressInfo).port,
    useCertificate: (pair) => use(secureContext(pair, context.ca)),
    useNamedCertificate: (pair) => named.use(secureContext(pair, context.ca)),
    useClientAuthorities(pem) {
      use({ ...context, ca: pem });
      named.useClientAuthorities(pem);
    },
    close: () => closeServer(server, { clock: options.clock, connections }),
  };
}

function secureContext({ certificate, key }: CertificatePair, clientAuthorities: string | undefined) {
  return {
    cert: certificate,
    key,
    minVersion: 'TLSv1.2' as const,
    ca: clientAuthorities,
    // A session that is taken up again does not show the whole chain, and was judged by authorities of then.
    secureOptions: clientAuthorities === undefined ? 0 : constants.SSL_OP_NO_TICKET,
  };
}

interface Connections {
  sockets: Set<Socket>;
  sessions: Set<ServerHttp2Session>;
}

function trackConnections(server: BothServer): Connections {
  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    // A connection that breaks ends its streams; that is all there is to know.
    session.on('error', () => undefined);
    closeWhenIdle(session);
  });
  return { sockets, sessions };
}

/** As kept-alive connections of HTTP/1.1; a watch that says nothing for long is no reason. */
function closeWhenIdle(session: ServerHttp2Session): void {
  let streams = 0;
  session.on('stream', (stream) => {
    streams += 1;
    stream.once('close', () => {
      streams -= 1;
    });
  });
  session.setTimeout(KEEP_ALIVE_MS, () => {
    if (streams === 0) session.close();
  });
}

/**
 * Kept-alive connections would go on bringing requests: a client that watches again on its connection is answered
 * at once, with a stream that ends, and so keeps the connection busy for good. HTTP/2 has GOAWAY for that.
 */
function closeServer(
  server: BothServer,
  { clock, connections }: { clock: Clock; connections: Connections },
): Promise<void> {
  return new Promise((resolve) => {
    const cancelLimit = clock.after(STOP_LIMIT_MS, () => {
      for (const session of connections.sessions) session.destroy();
      for (const socket of connections.sockets) socket.destroy();
    });
    let cancelSweep = (): void => undefined;
    // Answers that were under way when the server stopped leave their connection idle.
    const sweep = (): void => {
      server.closeIdleConnections();
      cancelSweep = clock.after(IDLE_SWEEP_MS, sweep);
    };
    server.prependListener('request', (request, response) => {
      if (request.httpVersionMajor < 2) response.setHeader('connection', 'close');
    });
    server.close(() => {
      cancelLimit();
      cancelSweep();
      resolve();
    });
    for (const session of connections.sessions) session.close();
    sweep();
  });
}
