import type { Sandbox } from '#api/types/generated/sandbox';
import type { Task } from '#api/types/generated/task';
import { hasSandbox } from '../graph/graph.ts';
import type { PlannedNode } from '../graph/graph.ts';
import {
  completedRecord,
  countedAttempts,
  endedRecord,
  isEnded,
  retriedRecord,
  suspendedRecord,
} from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';
import type { Programs } from '../unfold/unfold.ts';
import { isBeingCancelled } from './cancelled.ts';
import { nodeState } from './node-state.ts';
import type { NodeState } from './node-state.ts';
import { isRetried, mostAttempts, retryTime } from './retry.ts';

/** The run that the plan takes for over. */
export interface OverSandbox {
  name: string;
  /** uid of the Sandbox that was seen to have ended; any other of the name is a run that the plan does not know. */
  ended?: string;
}

/** A Sandbox that the server does not take, with the server's words. */
export interface Rejection {
  node: string;
  message: string;
}

export interface Surroundings {
  task: Task;
  sandboxes: readonly Sandbox[];
  now: string;
  rejection?: Rejection;
  programs: Programs;
  /** Why no further run may start. */
  refusal?: string;
}

type FailedState = Extract<NodeState, { state: 'failed' | 'lost' }>;

/** A node whose ends are written down: what is left in `state` is not over. */
export interface SettledNode {
  node: PlannedNode;
  record: NodeRecord;
  state: Exclude<NodeState, { state: 'succeeded' | 'failed' | 'cancelled' }> | WaitingState;
  /** The Sandboxes to ask for before the next attempt, or before the Task ends without it. */
  over: readonly OverSandbox[];
}

/** Nothing runs. */
export interface WaitingState {
  state: 'waiting';
  /** A sentence: for what it waits. */
  message: string;
  /** When time alone brings that about; RFC 3339. */
  until?: string;
}

/** Takes over how the last attempt at a node has ended, if it has. One at which nothing runs is settled in its turn. */
export function settle(node: PlannedNode, record: NodeRecord, around: Surroundings): SettledNode {
  if (!hasSandbox(node)) {
    return { node, record, state: { state: isEnded(record) ? 'ended' : 'not-started' }, over: [] };
  }
  const { task, now, rejection } = around;
  const ended = (after: NodeRecord, over: readonly OverSandbox[] = []): SettledNode => ({
    node,
    record: after,
    state: { state: 'ended' },
    over,
  });
  const failed = (why: string, sandbox?: Sandbox): NodeRecord =>
    endedRecord(record, { status: 'FAILED', errorMessage: why, ...(sandbox && { sandbox }) }, now);
  const cancelled = (message: string, sandbox?: Sandbox): NodeRecord =>
    endedRecord(record, { status: 'CANCELLED', errorMessage: message, ...(sandbox && { sandbox }) }, now);
  const isCancelled = isBeingCancelled(task);

  /** Another attempt follows, unless it was the last one. */
  const again = (run: FailedState): SettledNode => {
    const over = overSandbox(record, run);
    const { sandbox } = run;
    const last = lastAttempt(node, record, task);
    if (last !== undefined) {
      return ended(failed(whyFailed(run.reason, `${run.message} ${last}`.trim()), sandbox), over);
    }
    const why = whyFailed(run.reason, run.message);
    const retryAt = retryTime(task, record, {
      reason: run.reason,
      endedAt: sandbox?.status?.finishedAt ?? now,
    });
    const after = retriedRecord(record, { sandbox, why, retryAt, now });
    return { node, record: after, state: { ...run, state: 'lost' }, over };
  };

  const state = nodeState(record, around.sandboxes);
  if (rejection?.node === node.id && state.state === 'to-create') {
    return ended(failed(whyFailed('Rejected', rejection.message)));
  }
  switch (state.state) {
    case 'succeeded':
      return ended(completedRecord(record, state.sandbox, now));
    // Cancelling ends with the end of what runs, whatever that is.
    case 'failed':
      if (isCancelled) return ended(cancelled(state.message, state.sandbox));
      return isRetried(task, state.reason)
        ? again(state)
        : ended(failed(whyFailed(state.reason, state.message), state.sandbox));
    case 'cancelled':
      return ended(cancelled(state.message, state.sandbox));
    case 'suspended': {
      // One that was removed before its end was written down may have been made again, and would run beside the next.
      const over = state.sandbox === undefined ? [] : overSandbox(record, state);
      if (isCancelled) return ended(cancelled('Cancelled while a person was asked.', state.sandbox), over);
      if (state.sandbox === undefined) return { node, record, state, over };
      return { node, record: suspendedRecord(record, state.sandbox, now), state, over };
    }
    case 'lost':
      return isCancelled
        ? ended(cancelled(state.message, state.sandbox), overSandbox(record, state))
        : again(state);
    default:
      return { node, record, state, over: [] };
  }
}

function overSandbox({ executor_name: name }: NodeRecord, { sandbox }: { sandbox?: Sandbox }): OverSandbox[] {
  if (name === undefined) return [];
  const ended = sandbox?.metadata.uid;
  return [{ name, ...(ended === undefined ? {} : { ended }) }];
}

/** A sentence that says that there is no attempt left; undefined when there is. */
function lastAttempt(node: PlannedNode, record: NodeRecord, task: Task): string | undefined {
  const most = mostAttempts(node, task);
  if (countedAttempts(record) < most) return undefined;
  return `It was ${most === 1 ? 'the only attempt' : `the last of ${most} attempts`}.`;
}

function whyFailed(reason: string, message: string): string {
  return message === '' ? reason : `${reason}: ${message}`;
}
