import { randomUUID } from 'node:crypto';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import {
  CallToolRequestSchema,
  ErrorCode,
  ListToolsRequestSchema,
  McpError,
  SetLevelRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import type {
  CallToolRequest,
  CallToolResult,
  Implementation,
  Notification,
  Progress,
  Request,
  Result,
  ServerCapabilities,
  ServerNotification,
  ServerRequest,
  Tool,
} from '@modelcontextprotocol/sdk/types.js';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GatedCall } from './gated-server.ts';

/** The server that an agent's program reaches under one path. */
export interface Served {
  info: Implementation;
  capabilities: ServerCapabilities;
  instructions?: string;
  tools: () => Tool[];
  callTool: (params: CallToolRequest['params'], call: GatedCall) => Promise<CallToolResult>;
  /** Every other request. */
  pass: (request: Request, call: GatedCall) => Promise<Result>;
}

/** An agent's program has one, and so has each agent that it starts; the oldest goes when there are more. */
const MOST_SESSIONS = 64;

interface Session {
  server: Server;
  transport: StreamableHTTPServerTransport;
}

/** The sessions of an agent's programs with one server. */
export class GateEndpoint {
  readonly #served: Served;
  readonly #sessions = new Map<string, Session>();

  constructor(served: Served) {
    this.#served = served;
  }

  /** `body` is what was sent, as JSON. */
  async handle(request: IncomingMessage, response: ServerResponse, body: unknown): Promise<void> {
    const id = request.headers['mcp-session-id'];
    const known = typeof id === 'string' ? this.#sessions.get(id) : undefined;
    if (known === undefined && id !== undefined) {
      sendError(response, 404, 'there is no such session');
      return;
    }
    const session = known ?? (await this.#open());
    // Refuses whatever is not `initialize` in a new session.
    await session.transport.handleRequest(request, response, body);
  }

  /** Hands a notification of the server to all who listen. */
  notify(notification: Notification): void {
    for (const { server } of this.#sessions.values()) {
      server.notification(notification).catch(() => undefined); // nobody listens at this moment
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map(({ server }) => server.close()));
  }

  async #open(): Promise<Session> {
    const server = createServer(this.#served);
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => this.#keep(id, { server, transport }),
      onsessionclosed: (id) => {
        this.#sessions.delete(id);
      },
    });
    await server.connect(transport);
    return { server, transport };
  }

  #keep(id: string, session: Session): void {
    this.#sessions.set(id, session);
    const [oldest] = this.#sessions;
    if (this.#sessions.size <= MOST_SESSIONS || oldest === undefined) return;
    this.#sessions.delete(oldest[0]);
    void oldest[1].server.close();
  }
}

export function sendError(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ jsonrpc: '2.0', error: { code: -32_000, message }, id: null }));
}

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

function createServer(served: Served): Server {
  const { info, capabilities, instructions } = served;
  const server = new Server(info, { capabilities, ...(instructions === undefined ? {} : { instructions }) });
  if (capabilities.tools !== undefined) {
    server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: served.tools() }));
    server.setRequestHandler(CallToolRequestSchema, (request, extra) =>
      settled(served.callTool(request.params, gatedCall(request, extra))),
    );
  }
  const pass = (request: Request, extra: Extra): Promise<Result> =>
    settled(served.pass(request, gatedCall(request, extra)));
  server.fallbackRequestHandler = (request, extra) => pass(request, extra);
  // The SDK has a handler of its own, which keeps the level to itself.
  if (capabilities.logging !== undefined) server.setRequestHandler(SetLevelRequestSchema, pass);
  return server;
}

function gatedCall(request: Request, extra: Extra): GatedCall {
  const token = (request.params?._meta as { progressToken?: string | number } | undefined)?.progressToken;
  if (token === undefined) return { signal: extra.signal };
  return {
    signal: extra.signal,
    onProgress: (progress: Progress) => {
      const params = { ...progress, progressToken: token };
      extra.sendNotification({ method: 'notifications/progress', params }).catch(() => undefined); // it has gone away
    },
  };
}

/** Tells an error of ours as one of the protocol. */
async function settled<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof McpError) throw withPlainMessage(error);
    throw new McpError(ErrorCode.InternalError, error instanceof Error ? error.message : 'the run has ended');
  }
}

/** The SDK puts the code before the message each time an error passes it. */
function withPlainMessage(error: McpError): McpError {
  error.message = error.message.replace(/^(?:MCP error -?\d+: )+/, '');
  return error;
}
