import type { JsonObject } from '#model-protocols/json-value';
import { openaiResponses } from '#model-protocols/openai-responses/openai-responses';
import { readResponsesRequest } from '#model-protocols/openai-responses/request';
import { estimateTokens, notesIn, summarize } from './conversation.ts';
import type { Conversation } from './conversation.ts';
import { readTurns } from './openai.ts';
import type { Service } from './service.ts';

export const responsesService: Service = {
  protocol: openaiResponses,
  idPrefixes: { answer: 'resp_scripted_', toolCall: 'call_scripted_' },
  read,
};

function read(body: JsonObject): Conversation {
  const { model, stream, system, tools, namespaces, turns } = readResponsesRequest(body);
  return {
    model,
    stream,
    system: [...system, ...turns.map(({ text }) => notesIn(text))].join('\n'),
    tools,
    namespaces,
    ...summarize(readTurns(turns)),
    inputTokens: estimateTokens([body['instructions'], body['input'], body['tools']]),
  };
}
