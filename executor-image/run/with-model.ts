import type { RunRequest, RunResult } from '#executor-manager/protocol/run';
import type { StopReason } from '#model-protocols/answer';
import type { AgentRequest } from '../adapters/adapter.ts';
import type { Redactor } from '../events/redact.ts';
import type { AnswerFacts } from '#model-protocols/answer-facts';
import type { ModelAccess } from '../model-access/model-access.ts';
import type { Meter } from './run-meter.ts';

export interface WithModelOptions {
  id: string;
  request: RunRequest;
  modelAccess: ModelAccess;
  meter: Pick<Meter, 'alive' | 'answer'>;
  /** The program need not tell how its Model answers: tokens and ends of the answers are taken on the way. */
  counted: boolean;
  redactor: Pick<Redactor, 'hide'>;
}

/** Ends after which the program's answer is not the model's whole one. Programs that know it go on, so that the last one counts. */
const UNFINISHED: Partial<Record<StopReason, string>> = {
  length: "The model's last answer is not complete: it reached a limit of tokens.",
  refused: 'The model, or its service, refused its last answer.',
};

/** Gives the agent access to its Model for as long as it works, and no longer. */
export async function withModel<T extends Pick<RunResult, 'warnings'>>(
  { id, request, modelAccess, meter, redactor, counted }: WithModelOptions,
  act: (request: AgentRequest) => Promise<T>,
): Promise<T> {
  const { model, ...others } = request;
  if (model === undefined) return act(others);
  let last: StopReason | undefined;
  const onAnswer = ({ model: name = model.name, usage, stop }: AnswerFacts): void => {
    if (usage !== undefined) meter.answer(name, usage, stop === 'toolCalls');
    last = stop ?? last;
  };
  const grant = await modelAccess.grant({
    ...{ id, protocol: model.protocol, onBytes: () => meter.alive() },
    ...(counted && { onAnswer }),
  });
  const { baseURL, apiKey } = grant;
  redactor.hide(apiKey);
  try {
    const result = await act({ ...others, model: { ...model, baseURL, apiKey } });
    const warning = last && UNFINISHED[last];
    return warning === undefined ? result : { ...result, warnings: [...(result.warnings ?? []), warning] };
  } finally {
    grant.revoke();
  }
}
