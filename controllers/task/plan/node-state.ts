import type { Sandbox } from '#api/types/generated/sandbox';
import { disruptionMessage, isFinalPhase, isLoss } from '#api/types/sandboxes/sandbox';
import { isEnded } from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';
import { SANDBOX_DELETED } from './retry.ts';

export type NodeState =
  /** Its record says how it ended; Sandboxes no longer change anything. */
  | { state: 'ended' }
  | { state: 'not-started' }
  /** The attempt was decided on, but its Sandbox was never seen: it has to be created. */
  | { state: 'to-create' }
  /** Under way, or about to be. */
  | { state: 'live'; sandbox: Sandbox }
  /** Deleted by someone while under way; its container may still run. */
  | { state: 'stopping'; sandbox: Sandbox }
  | { state: 'succeeded'; sandbox: Sandbox }
  /** Ended for a reason outside the agent: may be tried again. Without the Sandbox when that is gone. */
  | { state: 'lost'; reason: string; message: string; sandbox?: Sandbox }
  /** A person is asked; without the Sandbox once that is written down. */
  | { state: 'suspended'; sandbox?: Sandbox }
  | { state: 'failed'; reason: string; message: string; sandbox: Sandbox }
  | { state: 'cancelled'; message: string; sandbox: Sandbox };

/** How the node stands, from its record and the Sandboxes of the Task. */
export function nodeState(record: NodeRecord, sandboxes: readonly Sandbox[]): NodeState {
  if (isEnded(record)) return { state: 'ended' };
  if (record.suspended !== undefined) return { state: 'suspended' };
  if (record.attempt === undefined || record.executor_name === undefined) return { state: 'not-started' };
  const sandbox = sandboxes.find((candidate) => candidate.metadata.name === record.executor_name);
  // Whichever uid it has: one that was gone before anybody saw it is made again under its name.
  if (sandbox === undefined) {
    return record.sandboxUID === undefined ? { state: 'to-create' } : vanished(record.executor_name);
  }
  if (isFinalPhase(sandbox.status?.phase)) return endState(sandbox);
  return { state: sandbox.metadata.deletionTimestamp === undefined ? 'live' : 'stopping', sandbox };
}

function vanished(name: string): NodeState {
  return { state: 'lost', reason: SANDBOX_DELETED, message: `Sandbox ${name} was deleted.` };
}

function endState(sandbox: Sandbox): NodeState {
  const { phase, reason = 'Unknown', message = '' } = sandbox.status ?? {};
  if (phase === 'Succeeded') return { state: 'succeeded', sandbox };
  if (phase === 'Cancelled') return disrupted(sandbox) ?? { state: 'cancelled', message, sandbox };
  if (phase === 'Suspended') return { state: 'suspended', sandbox };
  return { state: isLoss(reason) ? 'lost' : 'failed', reason, message, sandbox };
}

/** The control plane itself has stopped it, and has it tried again. */
function disrupted(sandbox: Sandbox): NodeState | undefined {
  const reason = sandbox.spec.disruption;
  return reason && { state: 'lost', reason, message: disruptionMessage(reason), sandbox };
}
