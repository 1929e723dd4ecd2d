import { isObject, parseJson } from '#model-protocols/json-value';
import type { JsonObject } from '#model-protocols/json-value';
import type { AgentRequest } from '../adapter.ts';

/** Of Models that say with which variables their application is called: a JSON object. */
const PARAMETERS = 'DIFY_PARAMS';
/** As clients of compatible systems write variables into a prompt. */
const IN_PROMPT = /\[EXTERNAL_API_PARAMS\]([\s\S]*?)\[\/EXTERNAL_API_PARAMS\]/;

export interface DifyInputs {
  /** The variables of the application. */
  inputs: JsonObject;
  /** The question. */
  query: string;
  /** The Ghost's prompt has no place there: an application has its own. */
  unusedSystemPrompt: boolean;
}

/**
 * The variables that an application is called with. Those in the prompt win over the Model's, and these over those of the
 * Ghost, whose prompt may be a JSON object with `params`.
 */
export function difyInputs({ agent, model, prompt }: AgentRequest): DifyInputs {
  const ghost = parseJson(agent.systemPrompt ?? '');
  const ghostParameters = isObject(ghost) && isObject(ghost['params']) ? ghost['params'] : {};
  const ofModel = parseJson(model?.env?.[PARAMETERS] ?? '');
  const { parameters, rest } = parametersIn(prompt);
  return {
    inputs: { ...ghostParameters, ...(isObject(ofModel) ? ofModel : {}), ...parameters },
    query: rest,
    unusedSystemPrompt: (agent.systemPrompt ?? '').trim() !== '' && !isObject(ghost),
  };
}

/** A prompt without them, or with something else in their place, is left letter by letter as it is. */
function parametersIn(prompt: string): { parameters: JsonObject; rest: string } {
  const found = IN_PROMPT.exec(prompt);
  const parameters = parseJson(found?.[1] ?? '');
  if (found === null || !isObject(parameters)) return { parameters: {}, rest: prompt };
  return { parameters, rest: prompt.replace(found[0], '').trim() };
}
