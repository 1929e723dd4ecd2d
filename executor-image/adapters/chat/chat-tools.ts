import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { Tool } from '@modelcontextprotocol/sdk/types.js';
import type {
  JsonSchemaValidatorResult,
  jsonSchemaValidator,
} from '@modelcontextprotocol/sdk/validation/types.js';
import type { AnswerBlock } from '#model-protocols/answer';
import { isObject, parseJson } from '#model-protocols/json-value';
import { describeError } from '../../run-failure.ts';
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
/** A call may wait for a person; the limits are those of the run and of the gate. */
const CALL_MS = 2 ** 31 - 1;
const NAME_LENGTH = 64;
/**
 * Schemas of servers are not compiled: their patterns could keep this process busy for ever, which others share. The
 * model reads a result whatever its form.
 */
const UNJUDGED: jsonSchemaValidator = {
  getValidator:
    <T>() =>
    (input: unknown): JsonSchemaValidatorResult<T> => ({
      valid: true,
      data: input as T,
      errorMessage: undefined,
    }),
};

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
  // Loaded when it is needed: most conversations have no tools.
  const [{ Client }, { StreamableHTTPClientTransport }] = await Promise.all([
    import('@modelcontextprotocol/sdk/client/index.js'),
    import('@modelcontextprotocol/sdk/client/streamableHttp.js'),
  ]);
  const clients: Client[] = [];
  const places = new Map<string, Place>();
  const close = async (): Promise<void> => {
    await Promise.all(clients.map((client) => client.close().catch(() => undefined)));
  };
  try {
    for (const { name, url, token } of servers) {
      const client = new Client({ name: 'troupe-chat', version: '1' }, { jsonSchemaValidator: UNJUDGED });
      const requestInit = { headers: { authorization: `Bearer ${token}` } };
      // Its optional fields and ours are declared in two ways that the compiler tells apart.
      const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit }) as unknown;
      await client.connect(transport as Parameters<Client['connect']>[0], { signal });
      clients.push(client);
      const { tools } = await client.listTools({}, { signal });
      for (const tool of tools) {
        if (places.size < MOST_TOOLS) places.set(offeredName(name, tool.name, places), { client, tool });
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
    const options = { signal, timeout: CALL_MS, resetTimeoutOnProgress: true };
    const result = await place.client.callTool(
      { name: place.tool.name, arguments: parsed },
      undefined,
      options,
    );
    return { id, text: textOfResult(result['content']), isError: result['isError'] === true };
  } catch (error) {
    signal.throwIfAborted();
    return { id, text: describeError(error), isError: true };
  }
}

function textOfResult(content: unknown): string {
  if (!Array.isArray(content)) return '';
  const texts = content
    .filter(isObject)
    .map(({ type, text }) => (type === 'text' ? String(text) : `[${String(type)}]`));
  return texts.join('\n');
}
