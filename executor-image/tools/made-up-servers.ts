import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import type {
  CallToolResult,
  ServerNotification,
  ServerRequest,
  Tool,
} from '@modelcontextprotocol/sdk/types.js';
import type { ToolServer } from '../adapters/adapter.ts';

/** Real MCP servers for tests of the gate, and a client such as an agent's program has one. */

export interface HttpService extends AsyncDisposable {
  url: string;
}

/** Any server, on loopback unless told otherwise. */
export async function httpService(listener: RequestListener, host = '127.0.0.1'): Promise<HttpService> {
  const server = createServer(listener);
  server.listen(0, host);
  await once(server, 'listening');
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}/mcp`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

export interface ToolService extends HttpService {
  /** It can be changed while the server runs. */
  tools: Tool[];
  /** Headers of all requests. */
  headers: IncomingMessage['headers'][];
  /** Names of the tools that were called. */
  calls: string[];
  /** Tells all sessions that the tools have changed. */
  changed(): Promise<void>;
  /** Forgets all sessions, as by a restart. */
  forget(): Promise<void>;
}

export interface ToolServiceOptions {
  /** Address to listen on. */
  host?: string;
  tools?: Tool[];
  call?: (
    name: string,
    input: Record<string, unknown>,
    extra: Extra,
  ) => CallToolResult | Promise<CallToolResult>;
}

export const tool = (name: string, more: Partial<Tool> = {}): Tool => ({
  name,
  inputSchema: { type: 'object' },
  ...more,
});

export const said = (text: string): CallToolResult => ({ content: [{ type: 'text', text }] });

/** A server of streamable HTTP with sessions, made with the official SDK. */
export async function toolService({
  host,
  tools = [tool('echo')],
  call,
}: ToolServiceOptions = {}): Promise<ToolService> {
  const sessions = new Map<string, { server: Server; transport: StreamableHTTPServerTransport }>();
  const headers: ToolService['headers'] = [];
  const calls: string[] = [];
  const state = { tools, headers, calls };
  const open = async (): Promise<StreamableHTTPServerTransport> => {
    const server = new Server(
      { name: 'made-up', version: '1' },
      { capabilities: { tools: { listChanged: true } }, instructions: 'Be kind.' },
    );
    server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: state.tools }));
    server.setRequestHandler(
      CallToolRequestSchema,
      async ({ params: { name, arguments: input = {} } }, extra) => {
        calls.push(name);
        return (await call?.(name, input, extra)) ?? said(`${name} ${JSON.stringify(input)}`);
      },
    );
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, { server, transport }),
    });
    await server.connect(transport);
    return transport;
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    headers.push(request.headers);
    const id = request.headers['mcp-session-id'];
    if (typeof id === 'string' && !sessions.has(id)) {
      response.writeHead(404).end('no such session');
      return;
    }
    const transport = typeof id === 'string' ? sessions.get(id)?.transport : await open();
    await transport?.handleRequest(request, response);
  };
  const service = await httpService((request, response) => void answer(request, response), host);
  const forget = async (): Promise<void> => {
    const all = [...sessions.values()];
    sessions.clear();
    await Promise.all(all.map(({ server }) => server.close()));
  };
  return Object.assign(state, {
    url: service.url,
    forget,
    async changed() {
      await Promise.all([...sessions.values()].map(({ server }) => server.sendToolListChanged()));
    },
    async [Symbol.asyncDispose]() {
      await forget();
      await service[Symbol.asyncDispose]();
    },
  });
}

/** As the program of an agent reaches a server behind the gate. */
export async function clientOf(server: ToolServer): Promise<Client & AsyncDisposable> {
  const client = new Client({ name: 'agent', version: '1' });
  const transport = new StreamableHTTPClientTransport(new URL(server.url), {
    requestInit: { headers: { Authorization: `Bearer ${server.token}` } },
  });
  await client.connect(transport);
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}
