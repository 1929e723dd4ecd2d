import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { FetchLike, Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { ErrorCode, McpError, ResultSchema } from '@modelcontextprotocol/sdk/types.js';
import type {
  Implementation,
  Notification,
  Progress,
  Request,
  Result,
  ServerCapabilities,
} from '@modelcontextprotocol/sdk/types.js';
import type { Clock } from '../clock.ts';
import { boundedFetch } from './bounded-fetch.ts';
import type { ServerConfiguration } from './server-configuration.ts';
import { StdioTransport } from './stdio-transport.ts';
import {
  ToolServerError,
  connectionFailure,
  isOldServer,
  isSessionGone,
  requestFailure,
} from './server-failure.ts';

export interface UpstreamOptions {
  server: ServerConfiguration;
  /** Where programs are started. */
  folder: string;
  /** The part of the runner's environment that programs may see. */
  environment: Record<string, string>;
  /** Calls servers over HTTP. */
  fetch: FetchLike;
  /** Marks the processes of this server and of no other one. */
  mark: string;
  clock: Clock;
  /** Aborts at the end of the run. */
  signal: AbortSignal;
  onLog: (stream: 'stdout' | 'stderr', line: string) => void;
  onNotification: (notification: Notification) => void;
  /** It was connected again, possibly to another version of the server. */
  onReconnect: () => void;
}

export interface UpstreamCall {
  signal: AbortSignal;
  /** Instead of the limit of a call. */
  seconds?: number;
  onProgress?: (progress: Progress) => void;
}

interface Connection {
  client: Client;
  transport: Transport;
}

const CLIENT_INFO = { name: 'troupe', version: '1' };
/** Between the end of a stream and the word that its answer is lost: what came last is read first. */
const LAST_WORDS_MS = 1000;

/**
 * A connection to one MCP server, made again when it is gone. It offers the server nothing: no sampling, no roots, no
 * questions to a person.
 */
export class Upstream {
  readonly #options: UpstreamOptions;
  #connection: Connection | undefined;
  #connecting: Promise<Connection> | undefined;
  #opening: Client | undefined;
  #wasConnected = false;
  #closed = false;

  constructor(options: UpstreamOptions) {
    this.#options = options;
  }

  /** Throws ToolServerError. */
  async connect(): Promise<void> {
    await this.#connected();
  }

  get info(): Implementation | undefined {
    return this.#connection?.client.getServerVersion();
  }

  get capabilities(): ServerCapabilities {
    return this.#connection?.client.getServerCapabilities() ?? {};
  }

  get instructions(): string | undefined {
    return this.#connection?.client.getInstructions();
  }

  /**
   * Throws ToolServerError when the server cannot be reached or does not answer in time, McpError for an error that it
   * answers, the signal's reason when the call is given up.
   */
  async request(request: Request, call: UpstreamCall): Promise<Result> {
    const first = await this.#connected();
    try {
      return await this.#send(first, request, call);
    } catch (error) {
      // It forgot the session, as after its restart, and has not looked at the request.
      if (!isSessionGone(error) || call.signal.aborted) throw this.#failure(error, first, call);
      await this.#drop(first);
    }
    const second = await this.#connected();
    try {
      return await this.#send(second, request, call);
    } catch (error) {
      throw this.#failure(error, second, call);
    }
  }

  /** Sends a notification; no effect on a server that cannot be reached. */
  async notify(notification: Notification): Promise<void> {
    await this.#connection?.client.notification(notification).catch(() => undefined);
  }

  /** Ends the connection and the program behind it. Never rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    // One that is being made is given up.
    await this.#opening?.close().catch(() => undefined);
    const connection = this.#connection ?? (await this.#connecting?.catch(() => undefined));
    if (connection !== undefined) await this.#drop(connection);
  }

  #send(
    { client }: Connection,
    request: Request,
    { signal, seconds = this.#options.server.callSeconds, onProgress }: UpstreamCall,
  ): Promise<Result> {
    return client.request(request, ResultSchema, {
      signal,
      timeout: seconds * 1000,
      resetTimeoutOnProgress: true,
      onprogress: (progress) => onProgress?.(progress),
    });
  }

  #failure(error: unknown, { transport }: Connection, { signal, seconds }: UpstreamCall): unknown {
    if (signal.aborted) return signal.reason;
    const limit = seconds ?? this.#options.server.callSeconds;
    return requestFailure(error, { end: endOf(transport), seconds: limit });
  }

  async #drop(connection: Connection): Promise<void> {
    if (this.#connection === connection) this.#connection = undefined;
    const { transport } = connection;
    if (transport instanceof StreamableHTTPClientTransport && !this.#options.signal.aborted) {
      await transport.terminateSession().catch(() => undefined); // it may be gone
    }
    await connection.client.close().catch(() => undefined);
  }

  /** One attempt at a time, however many calls wait for it. */
  async #connected(): Promise<Connection> {
    if (this.#connection !== undefined) return this.#connection;
    if (this.#closed) throw new ToolServerError('connection', 'the run has ended');
    const again = this.#connecting === undefined && this.#wasConnected;
    this.#connecting ??= this.#connect().finally(() => (this.#connecting = undefined));
    const connection = await this.#connecting;
    if (again) this.#options.onReconnect();
    return connection;
  }

  async #connect(): Promise<Connection> {
    const { transport: way } = this.#options.server;
    if (way.type === 'stdio') return this.#open(this.#stdio(way));
    if (way.type === 'sse') return this.#open(this.#sse(way));
    try {
      return await this.#open(this.#http(way));
    } catch (error) {
      if (!(error instanceof ToolServerError) || !isOldServer(error)) throw error;
      // As the protocol has it for servers of 2024, which know no streamable HTTP.
      return await this.#open(this.#sse(way)).catch(() => {
        throw error;
      });
    }
  }

  async #open(transport: Transport): Promise<Connection> {
    const { server, clock, onNotification } = this.#options;
    const client = new Client(CLIENT_INFO, { capabilities: {} });
    client.fallbackNotificationHandler = (notification) => {
      onNotification(notification);
      return Promise.resolve();
    };
    const seconds = server.startSeconds;
    const connection = { client, transport };
    this.#opening = client;
    let cancel: (() => void) | undefined;
    const late = new Promise<never>((_, reject) => {
      cancel = clock.after(seconds * 1000, () => reject(new McpError(ErrorCode.RequestTimeout, 'late')));
    });
    try {
      // The start of a transport has no limit of its own.
      await Promise.race([client.connect(transport, { timeout: seconds * 1000 }), late]);
    } catch (error) {
      const told =
        transport instanceof StdioTransport ? { end: transport.end, words: transport.lastWords } : {};
      const failure = connectionFailure(error, { seconds, ...told });
      await client.close().catch(() => undefined);
      throw failure;
    } finally {
      this.#opening = undefined;
      cancel?.();
    }
    Object.assign(client, {
      onclose: () => {
        if (this.#connection === connection) this.#connection = undefined;
      },
    });
    this.#connection = connection;
    this.#wasConnected = true;
    return connection;
  }

  #stdio(way: Extract<ServerConfiguration['transport'], { type: 'stdio' }>): Transport {
    const { folder, environment, mark, clock, onLog } = this.#options;
    const { command, args, env, cwd = folder } = way;
    return new StdioTransport({
      ...{ command, args, cwd, mark, clock, onLog },
      env: { ...environment, ...env },
    });
  }

  #http({ url, headers }: HttpWay): Transport {
    const transport: Transport = new StreamableHTTPClientTransport(url, {
      requestInit: { headers },
      fetch: this.#fetch((message) => transport.onmessage?.(message)),
    });
    return transport;
  }

  #sse({ url, headers }: HttpWay): Transport {
    return new SSEClientTransport(url, {
      requestInit: { headers },
      fetch: this.#fetch(() => undefined),
    });
  }

  #fetch(deliver: NonNullable<Transport['onmessage']>): ReturnType<typeof boundedFetch> {
    const { clock, fetch } = this.#options;
    return boundedFetch({
      fetch,
      onEnd: (id, message) => {
        // No effect on a request that was answered: its id is forgotten.
        clock.after(LAST_WORDS_MS, () =>
          deliver({ jsonrpc: '2.0', id, error: { code: ErrorCode.ConnectionClosed, message } }),
        );
      },
    });
  }
}

type HttpWay = Extract<ServerConfiguration['transport'], { type: 'http' | 'sse' }>;

function endOf(transport: Transport): string | undefined {
  return transport instanceof StdioTransport ? transport.end : undefined;
}
