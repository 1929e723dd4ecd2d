import type { ModelProtocol } from '#executor-manager/protocol/run';
import { RunFailure } from '../run-failure.ts';
import type { AgentModel, AgentRequest } from './adapter.ts';

/**
 * The request's Model, checked before the agent starts: its program would complain later and in its own words.
 * Throws RunFailure StartFailed when there is none, or when it speaks another protocol.
 */
export function requiredModel(
  { shell, model }: AgentRequest,
  protocols: readonly ModelProtocol[],
): AgentModel {
  if (model === undefined) throw new RunFailure('StartFailed', `${shell.type} needs a Model`);
  if (protocols.includes(model.protocol)) return model;
  throw new RunFailure(
    'StartFailed',
    `${shell.type} needs a Model with protocol ${protocols.join(' or ')}, not ${model.protocol}`,
  );
}
