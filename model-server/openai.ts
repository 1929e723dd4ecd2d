import { BadRequestError, estimateTokens, isRecord, summarize } from './conversation.ts';
import type { Conversation, Turn } from './conversation.ts';
import type { Protocol, StreamPart } from './protocol.ts';
import { outputTokens, pieces } from './protocol.ts';
import type { ScriptedError, Step } from './script.ts';

/** OpenAI Chat Completions: https://platform.openai.com/docs/api-reference/chat. */
export const openai: Protocol = { name: 'openai', read, error, whole, stream };

function read(body: Record<string, unknown>): Conversation {
  const messages = body['messages'];
  if (!Array.isArray(messages) || messages.length === 0) {
    throw new BadRequestError("Missing required parameter: 'messages'.");
  }
  const toolNames = new Map<string, string>();
  const system: string[] = [];
  const turns: Turn[] = [];
  for (const message of messages) {
    if (!isRecord(message)) throw new BadRequestError("Invalid type for 'messages'.");
    if (message['role'] === 'system' || message['role'] === 'developer') {
      system.push(textOf(message['content']));
    } else {
      turns.push(readTurn(message, toolNames));
    }
  }
  return {
    model: typeof body['model'] === 'string' ? body['model'] : '',
    stream: body['stream'] === true,
    system: system.join('\n'),
    tools: records(body['tools']).map((tool) => functionName(tool)),
    ...summarize(turns),
    inputTokens: estimateTokens([messages, body['tools']]),
  };
}

function readTurn(message: Record<string, unknown>, toolNames: Map<string, string>): Turn {
  const text = textOf(message['content']);
  for (const call of records(message['tool_calls'])) toolNames.set(String(call['id']), functionName(call));
  if (message['role'] === 'tool') {
    const name = toolNames.get(String(message['tool_call_id'])) ?? '';
    // The protocol has no mark for a failed tool.
    return { role: 'tool', text: '', results: [{ name, text, isError: false }] };
  }
  return { role: message['role'] === 'assistant' ? 'assistant' : 'user', text, results: [] };
}

const records = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter(isRecord) : [];

function functionName(value: Record<string, unknown>): string {
  return isRecord(value['function']) ? String(value['function']['name']) : '';
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  return records(content)
    .flatMap((part) => (part['type'] === 'text' ? [String(part['text'])] : []))
    .join('\n');
}

const ERROR_TYPES: Record<number, string> = {
  401: 'authentication_error',
  403: 'permission_error',
  429: 'rate_limit_error',
};

function error({ status, message, type }: ScriptedError): unknown {
  const usual = ERROR_TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'server_error');
  return { error: { message, type: type ?? usual, param: null, code: null } };
}

function usage(conversation: Conversation, step: Step): Record<string, unknown> {
  const prompt = step.usage?.inputTokens ?? conversation.inputTokens;
  const completion = step.usage?.outputTokens ?? outputTokens(step);
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: step.usage?.cacheReadTokens ?? 0 },
  };
}

function toolCalls(step: Step, id: number): { id: string; name: string; arguments: string }[] {
  return step.toolCalls.map((call, index) => ({
    id: `call_scripted_${id}_${index}`,
    name: call.name,
    arguments: JSON.stringify(call.input),
  }));
}

const finishReason = (step: Step): string => (step.toolCalls.length > 0 ? 'tool_calls' : 'stop');

function whole(conversation: Conversation, step: Step, id: number): unknown {
  const calls = toolCalls(step, id).map((call) => ({
    id: call.id,
    type: 'function',
    function: { name: call.name, arguments: call.arguments },
  }));
  const message = {
    role: 'assistant',
    content: step.reply ?? null,
    ...(step.thinking === undefined ? {} : { reasoning_content: step.thinking }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
  return {
    id: `chatcmpl-scripted-${id}`,
    object: 'chat.completion',
    created: 0,
    model: conversation.model,
    choices: [{ index: 0, message, finish_reason: finishReason(step) }],
    usage: usage(conversation, step),
  };
}

function stream(conversation: Conversation, step: Step, id: number): StreamPart[] {
  const part = (fields: Record<string, unknown>): StreamPart => ({
    data: JSON.stringify({
      id: `chatcmpl-scripted-${id}`,
      object: 'chat.completion.chunk',
      created: 0,
      model: conversation.model,
      ...fields,
    }),
  });
  const delta = (content: Record<string, unknown>): StreamPart =>
    part({ choices: [{ index: 0, delta: content, finish_reason: null }] });
  const parts = [delta({ role: 'assistant', content: '' })];
  // The field that DeepSeek began with and most compatible services took over.
  for (const text of pieces(step.thinking ?? '')) parts.push(delta({ reasoning_content: text }));
  for (const text of pieces(step.reply ?? '')) parts.push(delta({ content: text }));
  toolCalls(step, id).forEach((call, index) => {
    const named = { name: call.name, arguments: '' };
    parts.push(delta({ tool_calls: [{ index, id: call.id, type: 'function', function: named }] }));
    for (const text of pieces(call.arguments)) {
      parts.push(delta({ tool_calls: [{ index, function: { arguments: text } }] }));
    }
  });
  if (step.ending !== 'complete') return parts;
  return [
    ...parts,
    part({ choices: [{ index: 0, delta: {}, finish_reason: finishReason(step) }] }),
    part({ choices: [], usage: usage(conversation, step) }),
    { data: '[DONE]' },
  ];
}
