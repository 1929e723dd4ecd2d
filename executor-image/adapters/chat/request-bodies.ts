import type { AnswerBlock } from '#model-protocols/answer';
import type { MessageContent, MessagesRequest } from '#model-protocols/anthropic/request';
import { objectOf, parseJson } from '#model-protocols/json-value';
import type { CompletionMessage, CompletionRequest } from '#model-protocols/openai/request';
import type { ResponsesItem, ResponsesRequest } from '#model-protocols/openai-responses/request';
import { textOfBlocks } from './conversation.ts';
import type { ChatQuestion, ChatTurn } from './conversation.ts';

/** The bodies of requests that ask a model, by protocol; pure. */

export interface AskedModel {
  name: string;
  maxOutputTokens?: number;
}

/** The Messages API wants a limit; this one all models accept. */
const MAX_TOKENS = 8192;
/** Services want one, and show it to nobody. */
const SCHEMA_NAME = 'answer';

export function messagesBody({ system, turns, tools }: ChatQuestion, model: AskedModel): MessagesRequest {
  return {
    model: model.name,
    max_tokens: model.maxOutputTokens ?? MAX_TOKENS,
    stream: true,
    ...(system === undefined ? {} : { system }),
    messages: turns.map(messageOf),
    ...(tools.length === 0
      ? {}
      : {
          tools: tools.map(({ name, description, inputSchema }) => ({
            name,
            ...(description === undefined ? {} : { description }),
            input_schema: inputSchema,
          })),
        }),
  };
}

function messageOf(turn: ChatTurn): MessagesRequest['messages'][number] {
  if (turn.role === 'assistant') return { role: 'assistant', content: turn.blocks.flatMap(messageContent) };
  if (turn.role === 'tools') {
    const content = turn.outcomes.map(({ id, text, isError }): MessageContent => ({
      ...{ type: 'tool_result', tool_use_id: id, content: text },
      ...(isError ? { is_error: true } : {}),
    }));
    return { role: 'user', content };
  }
  const { text, images = [] } = turn;
  if (images.length === 0) return { role: 'user', content: text };
  const pictures = images.map(({ mediaType, data }): MessageContent => ({
    type: 'image',
    source: { type: 'base64', media_type: mediaType, data },
  }));
  return { role: 'user', content: [...pictures, { type: 'text', text }] };
}

/** Thinking without its proof is refused, and of no use to anybody but the model. */
function messageContent(block: AnswerBlock): MessageContent[] {
  switch (block.type) {
    case 'text':
      // An empty one is refused.
      return block.text === '' ? [] : [{ type: 'text', text: block.text }];
    case 'thinking':
      return block.signature === undefined
        ? []
        : [{ type: 'thinking', thinking: block.text, signature: block.signature }];
    case 'toolCall':
      return [{ type: 'tool_use', id: block.id, name: block.name, input: objectOf(parseJson(block.input)) }];
  }
}

export function completionBody(
  { system, turns, tools, schema }: ChatQuestion,
  model: AskedModel,
): CompletionRequest {
  return {
    model: model.name,
    stream: true,
    stream_options: { include_usage: true },
    ...(model.maxOutputTokens === undefined ? {} : { max_tokens: model.maxOutputTokens }),
    messages: [
      ...(system === undefined ? [] : [{ role: 'system', content: system } as const]),
      ...turns.flatMap(completionMessages),
    ],
    ...(tools.length === 0
      ? {}
      : {
          tools: tools.map(({ name, description, inputSchema }) => ({
            type: 'function' as const,
            function: {
              name,
              ...(description === undefined ? {} : { description }),
              parameters: inputSchema,
            },
          })),
        }),
    ...(schema === undefined
      ? {}
      : { response_format: { type: 'json_schema', json_schema: { name: SCHEMA_NAME, schema } } }),
  };
}

function completionMessages(turn: ChatTurn): CompletionMessage[] {
  if (turn.role === 'tools') {
    return turn.outcomes.map(({ id, text }) => ({ role: 'tool', tool_call_id: id, content: text }));
  }
  if (turn.role === 'assistant') {
    const calls = turn.blocks.filter((block) => block.type === 'toolCall');
    const text = textOfBlocks(turn.blocks);
    const said = { role: 'assistant' as const, content: text === '' && calls.length > 0 ? null : text };
    if (calls.length === 0) return [said];
    return [
      {
        ...said,
        tool_calls: calls.map(({ id, name, input }) => ({
          id,
          type: 'function',
          function: { name, arguments: input === '' ? '{}' : input },
        })),
      },
    ];
  }
  const { text, images = [] } = turn;
  if (images.length === 0) return [{ role: 'user', content: text }];
  const pictures = images.map(({ mediaType, data }) => ({
    type: 'image_url' as const,
    image_url: { url: `data:${mediaType};base64,${data}` },
  }));
  return [{ role: 'user', content: [...pictures, { type: 'text', text }] }];
}

export function responsesBody(
  { system, turns, tools, schema }: ChatQuestion,
  model: AskedModel,
): ResponsesRequest {
  return {
    model: model.name,
    stream: true,
    store: false,
    ...(model.maxOutputTokens === undefined ? {} : { max_output_tokens: model.maxOutputTokens }),
    ...(system === undefined ? {} : { instructions: system }),
    input: turns.flatMap(responsesItems),
    ...(tools.length === 0
      ? {}
      : {
          tools: tools.map(({ name, description, inputSchema }) => ({
            type: 'function' as const,
            name,
            ...(description === undefined ? {} : { description }),
            parameters: inputSchema,
            // Strict schemas are a subset, which those of MCP servers are not written in.
            strict: false,
          })),
        }),
    ...(schema === undefined ? {} : { text: { format: { type: 'json_schema', name: SCHEMA_NAME, schema } } }),
  };
}

function responsesItems(turn: ChatTurn): ResponsesItem[] {
  if (turn.role === 'tools') {
    return turn.outcomes.map(({ id, text }) => ({ type: 'function_call_output', call_id: id, output: text }));
  }
  if (turn.role === 'assistant') {
    const text = textOfBlocks(turn.blocks);
    const calls = turn.blocks.flatMap((block): ResponsesItem[] =>
      block.type === 'toolCall'
        ? [
            {
              ...{ type: 'function_call', call_id: block.id, name: block.name },
              arguments: block.input === '' ? '{}' : block.input,
            },
          ]
        : [],
    );
    return [...(text === '' ? [] : [{ role: 'assistant', content: text } as const]), ...calls];
  }
  const { text, images = [] } = turn;
  if (images.length === 0) return [{ role: 'user', content: text }];
  const pictures = images.map(({ mediaType, data }) => ({
    type: 'input_image' as const,
    image_url: `data:${mediaType};base64,${data}`,
  }));
  return [{ role: 'user', content: [...pictures, { type: 'input_text', text }] }];
}
