import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { Tool } from '@modelcontextprotocol/sdk/types.js';
import type { AnswerBlock } from '#model-protocols/answer';
import { isObject, parseJson } from '#model-protocols/json-value';
import { describeError } from '../../run-failure.ts';
import { CALL_OPTIONS, connectToGate, textOfResult } from '../../tools/gate-client.ts';
import type { AdapterContext, ToolServer } from '../adapter.ts';
import type { OfferedTool, ToolOutcome } from './conversation.ts';

export type ToolCall = Extract<AnswerBlock, { type: 'toolCall' }>;

/** The tools of a run's MCP servers, as a model is offered them. */
export interface ChatTools {
  offered(): readonly OfferedTool[];
  /** Never rejects for what a tool does: its outcome says so. Rejects with the signal's reason. */
  call(call: ToolCall): Promise<ToolOutcome>;
  close(): Promise<void>;
}

export const NO_TOOLS: ChatTools = {
  offered: () => [],
  call: ({ id, name }) => Promise.resolve({ id, text: `There is no tool ${name}.`, isError: true }),
  close: () => Promise.resolve(),
};

/** More of them than models can make anything of; requests would grow without end. */
const MOST_TOOLS = 500;
const NAME_LENGTH = 64;

interface Place {
  client: Client;
  tool: Tool;
}

/** Connects to the gate's servers. Throws the system's error when the gate does not answer. */
export async function openChatTools(
  servers: readonly ToolServer[],
  { signal }: Pick<AdapterContext, 'signal'>,
): Promise<ChatTools> {
  if (servers.length === 0) return NO_TOOLS;
  const clients: Client[] = [];
  const places = new Map<string, Place>();
  const close = async (): Promise<void> => {
    await Promise.all(clients.map((client) => client.close().catch(() => undefined)));
  };
  try {
    for (const server of servers) {
      const client = await connectToGate(server, { name: 'troupe-chat', signal });
      clients.push(client);
      const { tools } = await client.listTools({}, { signal });
      for (const tool of tools) {
        if (places.size < MOST_TOOLS)
          places.set(offeredName(server.name, tool.name, places), { client, tool });
      }
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    offered: () => [...places].map(([name, { tool }]) => offer(name, tool)),
    call: (call) => callTool(call, { place: places.get(call.name), signal }),
    close,
  };
}

/** As agents with tools of their own name those of MCP servers; what services do not take is left out. */
function offeredName(server: string, tool: string, taken: ReadonlyMap<string, unknown>): string {
  const clean = `mcp__${server}__${tool}`.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, NAME_LENGTH);
  let name = clean;
  for (let count = 2; taken.has(name); count += 1) {
    const suffix = `_${count}`;
    name = `${clean.slice(0, NAME_LENGTH - suffix.length)}${suffix}`;
  }
  return name;
}

function offer(name: string, { description, inputSchema }: Tool): OfferedTool {
  return { name, ...(description === undefined ? {} : { description }), inputSchema };
}

async function callTool(
  { id, name, input }: ToolCall,
  { place, signal }: { place: Place | undefined; signal: AbortSignal },
): Promise<ToolOutcome> {
  if (place === undefined) return { id, text: `There is no tool ${name}.`, isError: true };
  const parsed = input === '' ? {} : parseJson(input);
  if (!isObject(parsed))
    return { id, text: 'The input is not a JSON object. Call the tool again.', isError: true };
  try {
    const request = { name: place.tool.name, arguments: parsed };
    const result = await place.client.callTool(request, undefined, { ...CALL_OPTIONS, signal });
    return { id, text: textOfResult(result['content']), isError: result['isError'] === true };
  } catch (error) {
    signal.throwIfAborted();
    return { id, text: describeError(error), isError: true };
  }
}
