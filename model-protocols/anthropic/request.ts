import { InvalidRequestError } from '../invalid-request.ts';
import { isObject, objectOf, objectsOf, textOf } from '../json-value.ts';
import type { JsonObject } from '../json-value.ts';

/** A request of the Messages API, as far as parts of ours write or read it. */
export interface MessagesRequest {
  model: string;
  max_tokens: number;
  stream?: boolean;
  system?: string;
  messages: { role: 'user' | 'assistant'; content: string | MessageContent[] }[];
  tools?: { name: string; description?: string; input_schema: JsonObject }[];
}

export type MessageContent =
  | { type: 'text'; text: string }
  | { type: 'image'; source: { type: 'base64'; media_type: string; data: string } }
  | { type: 'thinking'; thinking: string; signature: string }
  | { type: 'tool_use'; id: string; name: string; input: JsonObject }
  | { type: 'tool_result'; tool_use_id: string; content: string; is_error?: boolean };

/** The content of a request. Whoever passes requests on passes on the body as it came, since it may say more. */
export interface MessagesRequestView {
  model: string;
  stream: boolean;
  /** The system prompt, then instructions that newer clients put between the turns. */
  system: string[];
  tools: string[];
  turns: MessagesTurn[];
}

export interface MessagesTurn {
  role: 'user' | 'assistant';
  text: string;
  /** URLs of the pictures in it, those in its tool results included; `data:` URLs for those that come with it. */
  images: string[];
  toolCalls: { id: string; name: string }[];
  toolResults: { id: string; text: string; isError: boolean }[];
}

/** Throws InvalidRequestError, in the service's words, for a body without messages. */
export function readMessagesRequest(body: JsonObject): MessagesRequestView {
  const messages = body['messages'];
  if (!Array.isArray(messages) || messages.length === 0) {
    throw new InvalidRequestError('messages: Field required');
  }
  const system = [contentText(body['system'])];
  const turns: MessagesTurn[] = [];
  for (const message of messages) {
    if (!isObject(message)) throw new InvalidRequestError('messages: each must be an object');
    if (message['role'] === 'system') system.push(contentText(message['content']));
    else turns.push(readTurn(message));
  }
  return {
    model: typeof body['model'] === 'string' ? body['model'] : '',
    stream: body['stream'] === true,
    system,
    tools: objectsOf(body['tools']).map((tool) => String(tool['name'])),
    turns,
  };
}

function readTurn({ role, content }: JsonObject): MessagesTurn {
  const blocks = objectsOf(content);
  const ofType = (type: string): JsonObject[] => blocks.filter((block) => block['type'] === type);
  return {
    role: role === 'assistant' ? 'assistant' : 'user',
    text: contentText(content),
    images: [content, ...ofType('tool_result').map((block) => block['content'])].flatMap(imageURLs),
    toolCalls: ofType('tool_use').map(({ id, name }) => ({ id: String(id), name: String(name) })),
    toolResults: ofType('tool_result').map((block) => ({
      id: String(block['tool_use_id']),
      text: contentText(block['content']),
      isError: block['is_error'] === true,
    })),
  };
}

/** A text, or the texts of a list of blocks. */
function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  return objectsOf(content)
    .flatMap(({ type, text }) => (type === 'text' ? [String(text)] : []))
    .join('\n');
}

function imageURLs(content: unknown): string[] {
  return objectsOf(content).flatMap(({ type, source }) => {
    if (type !== 'image') return [];
    const { media_type: mediaType, data, url } = objectOf(source);
    if (textOf(data) !== undefined) return [`data:${String(mediaType)};base64,${String(data)}`];
    return textOf(url) === undefined ? [] : [String(url)];
  });
}
