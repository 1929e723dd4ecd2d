import type { JsonObject } from '#model-protocols/json-value';
import { openai } from '#model-protocols/openai/openai';
import { readCompletionRequest } from '#model-protocols/openai/request';
import type { CompletionTurn } from '#model-protocols/openai/request';
import type { ResponsesTurn } from '#model-protocols/openai-responses/request';
import { estimateTokens, notesIn, summarize } from './conversation.ts';
import type { Conversation, Turn } from './conversation.ts';
import type { Service } from './service.ts';

export const openaiService: Service = {
  protocol: openai,
  idPrefixes: { answer: 'chatcmpl-scripted-', toolCall: 'call_scripted_' },
  read,
};

function read(body: JsonObject): Conversation {
  const { model, stream, system, tools, turns } = readCompletionRequest(body);
  return {
    model,
    stream,
    system: [...system, ...turns.map(({ text }) => notesIn(text))].join('\n'),
    tools,
    namespaces: [],
    ...summarize(readTurns(turns)),
    inputTokens: estimateTokens([body['messages'], body['tools']]),
  };
}

/** Both of OpenAI's APIs have results of tools as turns of their own. */
export function readTurns(turns: readonly (CompletionTurn | ResponsesTurn)[]): Turn[] {
  const toolNames = new Map<string, string>();
  return turns.map(({ role, text, images, toolCalls, toolCallId }) => {
    for (const { id, name } of toolCalls) toolNames.set(id, name);
    if (toolCallId === undefined) return { role, text, images, results: [] };
    // The protocol has no mark for a failed tool.
    const result = { name: toolNames.get(toolCallId) ?? '', text, isError: false };
    return { role, text: '', images, results: [result] };
  });
}
