import type { Sandbox } from '#api/types/generated/sandbox';
import type { TaskSubTask } from '#api/types/generated/task';
import { isFinalPhase, isLoss } from '#api/types/sandbox';

/** What status.subTasks keeps of a step: the compatible fields and what decides about attempts. */
export interface StepRecord extends TaskSubTask {
  /** Attempt under way or last made, from 1; absent before the step was started. */
  attempt?: number;
  /** uid of the attempt's Sandbox, once it was seen. */
  sandboxUID?: string;
}

export type StepState =
  | { state: 'not-started' }
  /** The attempt was decided on, but its Sandbox was never seen: it has to be created. */
  | { state: 'to-create' }
  /** Under way, or about to be. */
  | { state: 'live'; sandbox: Sandbox }
  /** Deleted by someone while under way; its container may still run. */
  | { state: 'stopping'; sandbox: Sandbox }
  | { state: 'succeeded'; sandbox: Sandbox }
  /** Ended for a reason outside the agent: may be tried again. */
  | { state: 'lost'; reason: string; message: string }
  | { state: 'failed'; reason: string; message: string }
  | { state: 'cancelled'; message: string };

/** How the step stands, from its record and the Sandboxes of the Task. */
export function stepState(record: StepRecord | undefined, sandboxes: readonly Sandbox[]): StepState {
  if (record?.attempt === undefined || record.executor_name === undefined) return { state: 'not-started' };
  const sandbox = sandboxes.find((candidate) => candidate.metadata.name === record.executor_name);
  const known = record.sandboxUID;
  if (sandbox === undefined || (known !== undefined && sandbox.metadata.uid !== known)) {
    return known === undefined ? { state: 'to-create' } : vanished(record.executor_name);
  }
  if (isFinalPhase(sandbox.status?.phase)) return endState(sandbox);
  return { state: sandbox.metadata.deletionTimestamp === undefined ? 'live' : 'stopping', sandbox };
}

function vanished(name: string): StepState {
  return { state: 'lost', reason: 'SandboxDeleted', message: `Sandbox ${name} was deleted.` };
}

function endState(sandbox: Sandbox): StepState {
  const { phase, reason = 'Unknown', message = '' } = sandbox.status ?? {};
  if (phase === 'Succeeded') return { state: 'succeeded', sandbox };
  if (phase === 'Cancelled') return { state: 'cancelled', message };
  return { state: isLoss(reason) ? 'lost' : 'failed', reason, message };
}
