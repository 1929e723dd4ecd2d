import { anthropic } from '#model-protocols/anthropic/anthropic';
import { readMessagesRequest } from '#model-protocols/anthropic/request';
import type { MessagesTurn } from '#model-protocols/anthropic/request';
import type { JsonObject } from '#model-protocols/json-value';
import { estimateTokens, notesIn, summarize, withoutNotes } from './conversation.ts';
import type { Conversation, Turn } from './conversation.ts';
import type { Service } from './service.ts';

export const anthropicService: Service = {
  protocol: anthropic,
  idPrefixes: { answer: 'msg_scripted_', toolCall: 'toolu_scripted_' },
  read,
};

function read(body: JsonObject): Conversation {
  const { model, stream, system, tools, turns } = readMessagesRequest(body);
  return {
    model,
    stream,
    system: [...system, ...turns.map((turn) => notesIn(turn.text))].join('\n'),
    tools,
    namespaces: [],
    ...summarize(readTurns(turns)),
    inputTokens: estimateTokens([body['system'], body['messages'], body['tools']]),
  };
}

function readTurns(turns: readonly MessagesTurn[]): Turn[] {
  const toolNames = new Map<string, string>();
  return turns.map(({ role, text, images, toolCalls, toolResults }) => {
    for (const { id, name } of toolCalls) toolNames.set(id, name);
    const results = toolResults.map((result) => ({
      name: toolNames.get(result.id) ?? '',
      text: withoutNotes(result.text),
      isError: result.isError,
    }));
    return { role, text, images, results };
  });
}
