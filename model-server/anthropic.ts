import {
  BadRequestError,
  estimateTokens,
  isRecord,
  remindersIn,
  summarize,
  withoutReminders,
} from './conversation.ts';
import type { Conversation, ToolResult, Turn } from './conversation.ts';
import type { Protocol, StreamPart } from './protocol.ts';
import { outputTokens, pieces } from './protocol.ts';
import type { ScriptedError, Step } from './script.ts';

/** The Anthropic Messages API: https://docs.anthropic.com/en/api/messages and .../messages-streaming. */
export const anthropic: Protocol = { name: 'anthropic', read, error, whole, stream };

function read(body: Record<string, unknown>): Conversation {
  const messages = body['messages'];
  if (!Array.isArray(messages) || messages.length === 0) {
    throw new BadRequestError('messages: Field required');
  }
  const toolNames = new Map<string, string>();
  const turns: Turn[] = [];
  const system = [textOf(body['system'])];
  for (const message of messages) {
    if (!isRecord(message)) throw new BadRequestError('messages: each must be an object');
    // Newer clients put instructions for the model between the turns.
    if (message['role'] === 'system') system.push(textOf(message['content']));
    else turns.push(readTurn(message, toolNames));
  }
  return {
    model: typeof body['model'] === 'string' ? body['model'] : '',
    stream: body['stream'] === true,
    system: [...system, ...turns.map((turn) => remindersIn(turn.text))].join('\n'),
    tools: blocks(body['tools']).map((tool) => String(tool['name'])),
    ...summarize(turns),
    inputTokens: estimateTokens([body['system'], messages, body['tools']]),
  };
}

function readTurn(message: Record<string, unknown>, toolNames: Map<string, string>): Turn {
  const results: ToolResult[] = [];
  for (const block of blocks(message['content'])) {
    if (block['type'] === 'tool_use') toolNames.set(String(block['id']), String(block['name']));
    if (block['type'] !== 'tool_result') continue;
    results.push({
      name: toolNames.get(String(block['tool_use_id'])) ?? '',
      text: withoutReminders(textOf(block['content'])),
      isError: block['is_error'] === true,
    });
  }
  return {
    role: message['role'] === 'assistant' ? 'assistant' : 'user',
    text: textOf(message['content']),
    results,
  };
}

function blocks(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  return blocks(content)
    .flatMap((block) => (block['type'] === 'text' ? [String(block['text'])] : []))
    .join('\n');
}

const ERROR_TYPES: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
};

function error({ status, message, type }: ScriptedError): unknown {
  const usual = ERROR_TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error');
  return { type: 'error', error: { type: type ?? usual, message } };
}

function usage(conversation: Conversation, step: Step): Record<string, number> {
  return {
    input_tokens: step.usage?.inputTokens ?? conversation.inputTokens,
    cache_creation_input_tokens: step.usage?.cacheWriteTokens ?? 0,
    cache_read_input_tokens: step.usage?.cacheReadTokens ?? 0,
    output_tokens: step.usage?.outputTokens ?? outputTokens(step),
  };
}

interface Block {
  /** As in a whole message. */
  whole: Record<string, unknown>;
  /** As a stream opens it. */
  start: Record<string, unknown>;
  deltas: Record<string, unknown>[];
}

function answerBlocks(step: Step, id: number): Block[] {
  const made: Block[] = [];
  if (step.thinking !== undefined) {
    const signature = Buffer.from(`scripted-${id}`).toString('base64');
    made.push({
      whole: { type: 'thinking', thinking: step.thinking, signature },
      start: { type: 'thinking', thinking: '', signature: '' },
      deltas: [
        ...pieces(step.thinking).map((thinking) => ({ type: 'thinking_delta', thinking })),
        { type: 'signature_delta', signature },
      ],
    });
  }
  if (step.reply !== undefined) {
    made.push({
      whole: { type: 'text', text: step.reply },
      start: { type: 'text', text: '' },
      deltas: pieces(step.reply).map((text) => ({ type: 'text_delta', text })),
    });
  }
  step.toolCalls.forEach((call, index) => {
    const start = { type: 'tool_use', id: `toolu_scripted_${id}_${index}`, name: call.name };
    made.push({
      whole: { ...start, input: call.input },
      start: { ...start, input: {} },
      deltas: pieces(JSON.stringify(call.input)).map((part) => ({
        type: 'input_json_delta',
        partial_json: part,
      })),
    });
  });
  return made;
}

function message(conversation: Conversation, id: number): Record<string, unknown> {
  return { id: `msg_scripted_${id}`, type: 'message', role: 'assistant', model: conversation.model };
}

const stopReason = (step: Step): string => (step.toolCalls.length > 0 ? 'tool_use' : 'end_turn');

function whole(conversation: Conversation, step: Step, id: number): unknown {
  return {
    ...message(conversation, id),
    content: answerBlocks(step, id).map((block) => block.whole),
    stop_reason: stopReason(step),
    stop_sequence: null,
    usage: usage(conversation, step),
  };
}

function stream(conversation: Conversation, step: Step, id: number): StreamPart[] {
  const part = (event: string, data: Record<string, unknown>): StreamPart => ({
    event,
    data: JSON.stringify({ type: event, ...data }),
  });
  const counted = usage(conversation, step);
  const opened = { ...message(conversation, id), content: [], stop_reason: null, stop_sequence: null };
  const parts = [part('message_start', { message: { ...opened, usage: { ...counted, output_tokens: 1 } } })];
  answerBlocks(step, id).forEach((block, index) => {
    parts.push(part('content_block_start', { index, content_block: block.start }));
    for (const delta of block.deltas) parts.push(part('content_block_delta', { index, delta }));
    parts.push(part('content_block_stop', { index }));
  });
  if (step.ending !== 'complete') return parts;
  const delta = { stop_reason: stopReason(step), stop_sequence: null };
  return [...parts, part('message_delta', { delta, usage: counted }), part('message_stop', {})];
}
