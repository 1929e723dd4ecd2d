import { InvalidRequestError } from '../invalid-request.ts';
import { isObject, objectsOf, textOf } from '../json-value.ts';
import type { JsonObject } from '../json-value.ts';

/** A request of the Responses API, as far as parts of ours write it. */
export interface ResponsesRequest {
  model: string;
  stream?: boolean;
  /** False: the service keeps nothing of it. */
  store?: boolean;
  max_output_tokens?: number;
  instructions?: string;
  input: ResponsesItem[];
  tools?: { type: 'function'; name: string; description?: string; parameters: JsonObject; strict: boolean }[];
  text?: { format: { type: 'json_schema'; name: string; schema: JsonObject } };
}

export type ResponsesItem =
  | { role: 'user' | 'assistant'; content: string | ResponsesContent[] }
  | { type: 'function_call'; call_id: string; name: string; arguments: string }
  | { type: 'function_call_output'; call_id: string; output: string };

export type ResponsesContent =
  { type: 'input_text'; text: string } | { type: 'input_image'; image_url: string };

/** The content of a request. Whoever passes requests on passes on the body as it came, since it may say more. */
export interface ResponsesRequestView {
  model: string;
  stream: boolean;
  system: string[];
  /** Tools of the service itself, such as web_search, by their type; `NAMESPACE__NAME` for those of a namespace. */
  tools: string[];
  /** The namespaces that tools are in. */
  namespaces: string[];
  turns: ResponsesTurn[];
}

export interface ResponsesTurn {
  role: 'user' | 'assistant' | 'tool';
  text: string;
  /** URLs of the pictures in it; `data:` URLs for those that come with it. */
  images: string[];
  toolCalls: { id: string; name: string }[];
  /** Of a turn of a tool: the call that it answers. */
  toolCallId?: string;
}

/** Throws InvalidRequestError, in the service's words, for a body without input. */
export function readResponsesRequest(body: JsonObject): ResponsesRequestView {
  const system = textOf(body['instructions']) === undefined ? [] : [String(body['instructions'])];
  const turns: ResponsesTurn[] = [];
  for (const item of inputItems(body['input'])) {
    const isSystem = item['role'] === 'system' || item['role'] === 'developer';
    if (isSystem) system.push(contentText(item['content']));
    else addItem(turns, item);
  }
  return {
    model: typeof body['model'] === 'string' ? body['model'] : '',
    stream: body['stream'] === true,
    system,
    tools: objectsOf(body['tools']).flatMap(toolNames),
    namespaces: objectsOf(body['tools']).flatMap(({ type, name }) =>
      type === 'namespace' ? [String(name)] : [],
    ),
    turns,
  };
}

/** A text alone is what the user said. */
function inputItems(input: unknown): JsonObject[] {
  if (typeof input === 'string' && input !== '') return [{ role: 'user', content: input }];
  if (!Array.isArray(input) || input.length === 0) {
    throw new InvalidRequestError("Missing required parameter: 'input'.");
  }
  if (!input.every(isObject)) throw new InvalidRequestError("Invalid type for 'input'.");
  return input;
}

function toolNames(tool: JsonObject): string[] {
  const { type, name, tools } = tool;
  if (type === 'namespace')
    return objectsOf(tools)
      .flatMap(toolNames)
      .map((inner) => inNamespace(name, inner));
  return [textOf(name) ?? String(type)];
}

function inNamespace(namespace: unknown, name: string): string {
  return textOf(namespace) === undefined ? name : `${String(namespace)}__${name}`;
}

/** An answer is several items here, and one turn in a conversation. */
function addItem(turns: ResponsesTurn[], item: JsonObject): void {
  const turn = readItem(item);
  if (turn === undefined) return;
  const last = turns.at(-1);
  if (turn.role !== 'assistant' || last?.role !== 'assistant') {
    turns.push(turn);
    return;
  }
  last.text = [last.text, turn.text].filter((text) => text !== '').join('\n');
  last.toolCalls.push(...turn.toolCalls);
}

function readItem(item: JsonObject): ResponsesTurn | undefined {
  const { call_id: id, name, output, content, role } = item;
  switch (item['type'] ?? 'message') {
    case 'message': {
      const speaker = role === 'assistant' ? 'assistant' : 'user';
      return { role: speaker, text: contentText(content), images: imageURLs(content), toolCalls: [] };
    }
    case 'function_call':
    case 'custom_tool_call': {
      const call = { id: String(id), name: inNamespace(item['namespace'], String(name)) };
      return { role: 'assistant', text: '', images: [], toolCalls: [call] };
    }
    case 'function_call_output':
    case 'custom_tool_call_output': {
      const said = { text: contentText(output), images: imageURLs(output) };
      return { role: 'tool', ...said, toolCalls: [], toolCallId: String(id) };
    }
    default:
      // Reasoning, calls of the service's own tools, and references to what it has kept.
      return undefined;
  }
}

/** A text, or the texts of a list of parts. */
function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  return objectsOf(content)
    .flatMap(({ text, refusal }) => textOf(text) ?? textOf(refusal) ?? [])
    .join('\n');
}

/** A picture that was uploaded before is named by its file. */
function imageURLs(content: unknown): string[] {
  return objectsOf(content).flatMap(({ type, image_url: url, file_id: file }) => {
    if (type !== 'input_image') return [];
    return textOf(url) ?? (textOf(file) === undefined ? [] : `file:${String(file)}`);
  });
}
