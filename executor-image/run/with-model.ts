import type { RunRequest } from '#executor-manager/protocol/run';
import type { AgentRequest } from '../adapters/adapter.ts';
import type { Redactor } from '../events/redact.ts';
import type { ModelAccess } from '../model-access/model-access.ts';
import type { Meter } from './run-meter.ts';

export interface WithModelOptions {
  id: string;
  request: RunRequest;
  modelAccess: ModelAccess;
  meter: Pick<Meter, 'alive' | 'answer'>;
  /** The program does not tell how many tokens it uses up: those of its Model's answers are counted. */
  counted: boolean;
  redactor: Pick<Redactor, 'hide'>;
}

/** Gives the agent access to its Model for as long as it works, and no longer. */
export async function withModel<T>(
  { id, request, modelAccess, meter, redactor, counted }: WithModelOptions,
  act: (request: AgentRequest) => Promise<T>,
): Promise<T> {
  const { model, ...others } = request;
  if (model === undefined) return act(others);
  const grant = await modelAccess.grant({
    ...{ id, protocol: model.protocol, onBytes: () => meter.alive() },
    ...(counted && {
      onUsage: (told) => meter.answer(told.model === '' ? model.name : told.model, told.usage),
    }),
  });
  const { baseURL, apiKey } = grant;
  redactor.hide(apiKey);
  try {
    return await act({ ...others, model: { ...model, baseURL, apiKey } });
  } finally {
    grant.revoke();
  }
}
