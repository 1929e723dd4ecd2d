import type { RunResult, RunUsage } from '#executor-manager/protocol/run';
import type { AdapterContext } from '../adapter.ts';
import type {
  AssistantMessage,
  ContentBlock,
  ResultMessage,
  StreamMessage,
  WireUsage,
} from './stream-messages.ts';
import { parseMessage } from './stream-messages.ts';

export type StreamOutcome =
  { failure?: undefined; result: RunResult } | { failure: 'ModelError' | 'AgentFailed'; message: string };

/** Turns the lines of `--output-format stream-json` into events and, at the end, an outcome. */
export interface StreamReader {
  line(line: string): void;
  /** Undefined until the program told its result. */
  outcome(): StreamOutcome | undefined;
}

type StreamContext = Pick<AdapterContext, 'events' | 'meter' | 'onSession'>;

interface Reading extends StreamContext {
  /** Ids of messages whose words came piece by piece already. */
  streamed: Set<string>;
  /** Id of the message that comes piece by piece, by the tool call of the agent that speaks. */
  streaming: Map<string, string>;
  model: string;
  usage: RunUsage;
  outcome: StreamOutcome | undefined;
}

export function createStreamReader({ events, meter, onSession }: StreamContext): StreamReader {
  const reading: Reading = {
    events,
    meter,
    onSession,
    streamed: new Set(),
    streaming: new Map(),
    model: '',
    usage: { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 },
    outcome: undefined,
  };
  return {
    outcome: () => reading.outcome,
    line(line) {
      const message = parseMessage(line);
      if (message === undefined || !readable(reading, message)) {
        events.emit('log', { stream: 'stdout', text: line });
      }
    },
  };
}

/** False for a message of another shape than the program's: whatever the agent runs can write to its output. */
function readable(reading: Reading, message: StreamMessage): boolean {
  try {
    read(reading, message);
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

function read(reading: Reading, message: StreamMessage): void {
  switch (message.type) {
    case 'system':
      readSystem(reading, message);
      return;
    case 'stream_event':
      readPiece(reading, message);
      return;
    case 'assistant':
      readAssistant(reading, message);
      return;
    case 'user':
      readToolResults(reading, message);
      return;
    case 'result':
      readResult(reading, message);
      return;
    default: // newer programs say more than we know; what matters has its types above
  }
}

const parent = (message: { parent_tool_use_id?: string | null }): Record<string, unknown> =>
  message.parent_tool_use_id ? { parent: message.parent_tool_use_id } : {};

function readSystem({ events }: Reading, message: Extract<StreamMessage, { type: 'system' }>): void {
  if (message.subtype === 'init') {
    const failed = (message.mcp_servers ?? []).filter((server) => server.status === 'failed');
    events.emit('status', {
      phase: 'Running',
      message: `Claude Code ${message.claude_code_version ?? ''} with model ${message.model ?? 'unknown'}`,
    });
    for (const { name } of failed) {
      events.emit('log', { stream: 'agent', text: `MCP server ${name} cannot be used` });
    }
  } else if (message.subtype === 'api_retry') {
    const status =
      typeof message.error_status === 'number' ? `answered ${message.error_status}` : 'gave no answer';
    const seconds = ((message.retry_delay_ms ?? 0) / 1000).toFixed(1);
    events.emit('log', {
      stream: 'agent',
      text: `The model ${status}; try ${message.attempt} of ${message.max_retries} in ${seconds} s`,
    });
  }
}

function readPiece(reading: Reading, message: Extract<StreamMessage, { type: 'stream_event' }>): void {
  const { event } = message;
  // Agents that an agent has started speak at the same time as it does.
  const speaker = message.parent_tool_use_id ?? '';
  if (event.type === 'message_start' && event.message !== undefined) {
    reading.streaming.set(speaker, event.message.id);
    reading.model = event.message.model;
  }
  const { delta } = event;
  if (event.type === 'content_block_delta' && delta !== undefined) {
    const id = reading.streaming.get(speaker);
    if (id !== undefined) reading.streamed.add(id);
    if (delta.text !== undefined) reading.events.text('text', delta.text, parent(message));
    if (delta.thinking !== undefined) reading.events.text('thinking', delta.thinking, parent(message));
  }
  if (event.type === 'message_delta' && event.usage !== undefined) {
    add(reading.usage, event.usage);
    reading.meter.turn();
    reading.meter.usage(reading.model, reading.usage);
  }
}

/** A message in the model's name that the program made up itself, as for an error of the model's service. */
const SYNTHETIC = '<synthetic>';

function readAssistant(reading: Reading, message: AssistantMessage): void {
  const { id, model, content } = message.message;
  for (const block of blocks(content)) {
    if (block.type === 'tool_use') {
      const { id: call, name, input } = block;
      reading.meter.toolCall(name ?? '', input);
      reading.events.emit('tool_call', { id: call, name, input: input ?? {}, ...parent(message) });
    }
    if (model === SYNTHETIC || (id !== undefined && reading.streamed.has(id))) continue;
    if (block.type === 'text') reading.events.text('text', block.text ?? '', parent(message));
    if (block.type === 'thinking') reading.events.text('thinking', block.thinking ?? '', parent(message));
  }
}

function readToolResults(reading: Reading, message: Extract<StreamMessage, { type: 'user' }>): void {
  for (const block of blocks(message.message?.content)) {
    if (block.type !== 'tool_result') continue;
    reading.events.emit('tool_result', {
      id: block.tool_use_id,
      output: textOf(block.content),
      isError: block.is_error === true,
      ...parent(message),
    });
  }
}

function blocks(content: unknown): ContentBlock[] {
  return Array.isArray(content) ? (content as ContentBlock[]) : [];
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  return blocks(content)
    .map((block) => (block.type === 'text' ? (block.text ?? '') : `[${block.type}]`))
    .join('\n');
}

function add(sum: RunUsage, usage: WireUsage): void {
  sum.inputTokens += usage.input_tokens ?? 0;
  sum.outputTokens += usage.output_tokens ?? 0;
  sum.cacheReadTokens += usage.cache_read_input_tokens ?? 0;
  sum.cacheWriteTokens += usage.cache_creation_input_tokens ?? 0;
}

function readResult(reading: Reading, message: ResultMessage): void {
  const usage: RunUsage = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 };
  add(usage, message.usage ?? {});
  if (message.session_id !== undefined) reading.onSession(message.session_id);
  // In whole millionths: the program's sum ends in the noise of binary fractions.
  const costUSD = Math.round((message.total_cost_usd ?? 0) * 1e6) / 1e6;
  if (reading.model !== '') reading.meter.usage(reading.model, usage, costUSD);
  const words = message.result ?? (message.errors ?? []).join('; ');
  if (message.is_error === true || message.subtype !== 'success') {
    const ofModel = message.terminal_reason === 'api_error' || typeof message.api_error_status === 'number';
    reading.outcome = {
      failure: ofModel ? 'ModelError' : 'AgentFailed',
      message: words === '' ? `Claude Code ended with ${message.subtype ?? 'an error'}` : words,
    };
    return;
  }
  reading.outcome = {
    result: {
      value: words,
    },
  };
}
