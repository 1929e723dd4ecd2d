import { InvalidRequestError } from '../invalid-request.ts';
import { isObject, objectOf, objectsOf, textOf } from '../json-value.ts';
import type { JsonObject } from '../json-value.ts';
import { functionName } from './content.ts';

/** A request of the Chat Completions API, as far as parts of ours write or read it. */
export interface CompletionRequest {
  model: string;
  stream?: boolean;
  stream_options?: { include_usage: boolean };
  /** The older name of max_completion_tokens; most compatible services know only this one. */
  max_tokens?: number;
  max_completion_tokens?: number;
  messages: CompletionMessage[];
  tools?: { type: 'function'; function: { name: string; description?: string; parameters: JsonObject } }[];
  response_format?: { type: 'json_schema'; json_schema: { name: string; schema: JsonObject } };
}

export type CompletionMessage =
  | { role: 'system'; content: string }
  | { role: 'user'; content: string | CompletionContent[] }
  | {
      role: 'assistant';
      content: string | null;
      tool_calls?: { id: string; type: 'function'; function: { name: string; arguments: string } }[];
    }
  | { role: 'tool'; tool_call_id: string; content: string };

export type CompletionContent =
  { type: 'text'; text: string } | { type: 'image_url'; image_url: { url: string } };

/** The content of a request. Whoever passes requests on passes on the body as it came, since it may say more. */
export interface CompletionRequestView {
  model: string;
  stream: boolean;
  system: string[];
  tools: string[];
  turns: CompletionTurn[];
}

export interface CompletionTurn {
  role: 'user' | 'assistant' | 'tool';
  text: string;
  /** URLs of the pictures in it; `data:` URLs for those that come with it. */
  images: string[];
  toolCalls: { id: string; name: string }[];
  /** Of a turn of a tool: the call that it answers. */
  toolCallId?: string;
}

/** Throws InvalidRequestError, in the service's words, for a body without messages. */
export function readCompletionRequest(body: JsonObject): CompletionRequestView {
  const messages = body['messages'];
  if (!Array.isArray(messages) || messages.length === 0) {
    throw new InvalidRequestError("Missing required parameter: 'messages'.");
  }
  const system: string[] = [];
  const turns: CompletionTurn[] = [];
  for (const message of messages) {
    if (!isObject(message)) throw new InvalidRequestError("Invalid type for 'messages'.");
    // `developer` is what newer models call `system`.
    const isSystem = message['role'] === 'system' || message['role'] === 'developer';
    if (isSystem) system.push(contentText(message['content']));
    else turns.push(readTurn(message));
  }
  return {
    model: typeof body['model'] === 'string' ? body['model'] : '',
    stream: body['stream'] === true,
    system,
    tools: objectsOf(body['tools']).map((tool) => functionName(tool) ?? ''),
    turns,
  };
}

function readTurn(message: JsonObject): CompletionTurn {
  const { role } = message;
  return {
    role: role === 'assistant' || role === 'tool' ? role : 'user',
    text: contentText(message['content']),
    images: imageURLs(message['content']),
    toolCalls: objectsOf(message['tool_calls']).map((call) => ({
      id: String(call['id']),
      name: functionName(call) ?? '',
    })),
    ...(role === 'tool' ? { toolCallId: String(message['tool_call_id']) } : {}),
  };
}

/** A text, or the texts of a list of parts. */
function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  return objectsOf(content)
    .flatMap(({ type, text }) => (type === 'text' ? [String(text)] : []))
    .join('\n');
}

function imageURLs(content: unknown): string[] {
  return objectsOf(content).flatMap((part) => textOf(objectOf(part['image_url'])['url']) ?? []);
}
