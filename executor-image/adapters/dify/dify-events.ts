import type { RunUsage } from '#executor-manager/protocol/run';
import { countOf, isObject, objectOf, parseJson, textOf } from '#model-protocols/json-value';
import type { JsonObject } from '#model-protocols/json-value';

/**
 * The meaning of an event of Dify's stream. Events that say nothing, and those that later versions add, make none.
 * https://docs.dify.ai/api-reference/chat/send-chat-message, https://docs.dify.ai/api-reference/workflow-execution
 */
export type DifyPart =
  /** Of each event that names it: by this the run is stopped. */
  | { type: 'task'; id: string }
  | { type: 'conversation'; id: string }
  | { type: 'text'; text: string }
  /** Takes the place of all text so far: the service's moderation has looked at it. */
  | { type: 'replace'; text: string }
  /** A step of an agent; the same id again says more of it. */
  | { type: 'thought'; thought: DifyThought }
  | { type: 'status'; message: string }
  | { type: 'log'; text: string }
  | { type: 'usage'; usage: RunUsage; costUSD?: number }
  /** Nothing follows. */
  | { type: 'end' }
  | { type: 'finished'; status: string; outputs: JsonObject; error: string | undefined }
  /** The workflow waits for a person at Dify. */
  | { type: 'paused'; what: string }
  | { type: 'failure'; message: string };

export interface DifyThought {
  id: string;
  text: string;
  /** In the order in which they were called. */
  calls: { name: string; input: JsonObject }[];
  observation: string;
}

/** The parts of one event. `data` is the event's. */
export function readDifyEvent(data: string): DifyPart[] {
  if (data === '') return [];
  const event = parseJson(data);
  if (event === undefined) return [{ type: 'failure', message: 'it sent an event that is not JSON' }];
  if (!isObject(event)) return [];
  const task = textOf(event['task_id']);
  const conversation = textOf(event['conversation_id']);
  return [
    ...(task === undefined ? [] : [{ type: 'task', id: task } as const]),
    ...(conversation === undefined ? [] : [{ type: 'conversation', id: conversation } as const]),
    ...contentOf(event),
  ];
}

type Reader = (event: JsonObject, data: JsonObject) => DifyPart[];

/** By the event's name. Others say nothing to us: `ping` keeps the connection alive, speech is for ears. */
const READERS: ReadonlyMap<unknown, Reader> = new Map<string, Reader>([
  ['message', ({ answer }) => textParts(answer)],
  ['agent_message', ({ answer }) => textParts(answer)],
  ['text_chunk', (_, { text }) => textParts(text)],
  ['message_replace', ({ answer }) => [{ type: 'replace', text: textOf(answer) ?? '' }]],
  ['text_replace', (_, { text }) => [{ type: 'replace', text: textOf(text) ?? '' }]],
  ['agent_thought', (event) => [{ type: 'thought', thought: thoughtOf(event) }]],
  ['message_file', (event) => [logOf(`File (${wordOf(event['type'])}): ${wordOf(event['url'])}`)]],
  ['message_end', ({ metadata }) => [...usageParts(objectOf(objectOf(metadata)['usage'])), { type: 'end' }]],
  ['workflow_started', () => [{ type: 'status', message: 'The workflow has started' }]],
  ['node_started', (_, data) => [{ type: 'status', message: `Node ${nodeOf(data)}` }]],
  ['node_retry', (_, data) => [logOf(`Node ${nodeOf(data)} is tried again: ${wordOf(data['error'])}`)]],
  ['node_finished', (_, data) => nodeEnd(data)],
  ['workflow_finished', (_, data) => [...totalTokens(data), finished(data)]],
  ['human_input_required', (_, data) => [pausedAt(data)]],
  ['workflow_paused', (_, data) => [pausedAt(data)]],
  ['error', (event) => [{ type: 'failure', message: errorOf(event) }]],
]);

function contentOf(event: JsonObject): DifyPart[] {
  return READERS.get(event['event'])?.(event, objectOf(event['data'])) ?? [];
}

const wordOf = (value: unknown): string => textOf(value) ?? 'not said';

const logOf = (text: string): DifyPart => ({ type: 'log', text });

const pausedAt = (data: JsonObject): DifyPart => ({
  type: 'paused',
  what: textOf(data['node_title']) ?? 'a node',
});

function textParts(text: unknown): DifyPart[] {
  return typeof text === 'string' && text !== '' ? [{ type: 'text', text }] : [];
}

/** Several tools stand in one text, and their inputs in an object by the tools' names. */
function thoughtOf(event: JsonObject): DifyThought {
  const names = (textOf(event['tool']) ?? '').split(';').filter((name) => name !== '');
  const written = textOf(event['tool_input']);
  const inputs = objectOf(parseJson(written ?? ''));
  return {
    id: textOf(event['id']) ?? '',
    text: textOf(event['thought']) ?? '',
    calls: names.map((name) => ({
      name,
      input: isObject(inputs[name]) ? inputs[name] : names.length === 1 ? inputs : {},
    })),
    observation: textOf(event['observation']) ?? '',
  };
}

function nodeOf(data: JsonObject): string {
  const type = textOf(data['node_type']);
  return `${textOf(data['title']) ?? 'without a name'}${type === undefined ? '' : ` (${type})`}`;
}

function nodeEnd(data: JsonObject): DifyPart[] {
  const status = textOf(data['status']);
  if (status !== 'failed' && status !== 'exception') return [];
  return [logOf(`Node ${nodeOf(data)} failed: ${wordOf(data['error'])}`)];
}

function finished(data: JsonObject): DifyPart {
  return {
    type: 'finished',
    status: textOf(data['status']) ?? 'unknown',
    outputs: objectOf(data['outputs']),
    error: textOf(data['error']),
  };
}

/** A workflow says one number; Dify counts what models have read and written alike. */
function totalTokens(data: JsonObject): DifyPart[] {
  const total = countOf(data['total_tokens']) ?? 0;
  return total === 0 ? [] : [{ type: 'usage', usage: { ...NO_TOKENS, inputTokens: total } }];
}

const NO_TOKENS: RunUsage = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 };

/** Prices are texts, such as "0.0012890". */
function usageParts(usage: JsonObject): DifyPart[] {
  const inputTokens = countOf(usage['prompt_tokens']);
  const outputTokens = countOf(usage['completion_tokens']);
  if (inputTokens === undefined && outputTokens === undefined) return [];
  const price = Number(usage['total_price'] ?? Number.NaN);
  const isDollars = usage['currency'] === 'USD' && Number.isFinite(price) && price >= 0;
  return [
    {
      type: 'usage',
      usage: { ...NO_TOKENS, inputTokens: inputTokens ?? 0, outputTokens: outputTokens ?? 0 },
      ...(isDollars ? { costUSD: price } : {}),
    },
  ];
}

function errorOf(event: JsonObject): string {
  const code = textOf(event['code']);
  return `${textOf(event['message']) ?? 'no message'}${code === undefined ? '' : ` (${code})`}`;
}
