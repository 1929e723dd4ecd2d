import type { Sandbox } from '#api/types/generated/sandbox';
import type { Task } from '#api/types/generated/task';
import { isDisrupted } from '#api/types/sandboxes/sandbox';
import { jsonBytes } from '../answer.ts';
import { hasSandbox } from '../graph/graph.ts';
import type { PlannedNode } from '../graph/graph.ts';
import {
  completedRecord,
  countedAttempts,
  endedRecord,
  isEnded,
  outspentRecord,
  retriedRecord,
  suspendedRecord,
} from '../node-record.ts';
import type { NodeRecord, StatusRoom } from '../node-record.ts';
import type { Ask, Decisions } from '../approvals/ask.ts';
import type { AskedBy } from '../approvals/settings.ts';
import type { Programs } from '../unfold/unfold.ts';
import type { Failure } from '../status/outcome.ts';
import { isOutspent } from './outspent.ts';
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
  decisions: Decisions;
  /** How people are asked about a node. */
  askedBy: (node: PlannedNode) => AskedBy;
  /** Why the Task fails, whatever its nodes do, unless people have taken it up again since. */
  failures: readonly Failure[];
  /** Why no further run may start. */
  refusal?: string;
}

/** With the room that a further end has in the status. */
export type Settling = Surroundings & StatusRoom;

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
  /** The question to people. */
  ask?: Ask;
}

/** Takes over how the last attempt at a node has ended, if it has. One at which nothing runs is settled in its turn. */
export function settle(node: PlannedNode, record: NodeRecord, around: Settling): SettledNode {
  if (!hasSandbox(node)) {
    return { node, record, state: { state: isEnded(record) ? 'ended' : 'not-started' }, over: [] };
  }
  const { task, now, rejection } = around;
  const ends = new Ends(node, record, around);
  const state = nodeState(record, around.sandboxes);
  if (rejection?.node === node.id && state.state === 'to-create') {
    return ends.failed({ reason: 'SandboxRefused', message: rejection.message });
  }
  const isCancelled = isBeingCancelled(task);
  switch (state.state) {
    case 'succeeded':
      return ends.succeeded(state.sandbox);
    // Cancelling ends with the end of what runs, whatever that is.
    case 'failed':
      if (isCancelled) return ends.cancelled(state.message, state.sandbox);
      if (isOutspent(record, state.sandbox)) {
        const { sandbox } = state;
        const after = outspentRecord(record, sandbox, now);
        return {
          node,
          record: after,
          state: { state: 'suspended', sandbox },
          over: overSandbox(record, state),
        };
      }
      return isRetried(task, state.reason) ? ends.again(state) : ends.failed(state);
    case 'cancelled':
      return ends.cancelled(state.message, state.sandbox);
    case 'suspended': {
      // One that was removed before its end was written down may have been made again, and would run beside the next.
      const over = state.sandbox === undefined ? [] : overSandbox(record, state);
      if (isCancelled) return ends.cancelled('Cancelled while a person was asked.', state.sandbox, over);
      if (state.sandbox === undefined) return { node, record, state, over };
      return { node, record: suspendedRecord(record, state.sandbox, now), state, over };
    }
    case 'lost':
      return isCancelled
        ? ends.cancelled(state.message, state.sandbox, overSandbox(record, state))
        : ends.again(state);
    default:
      return { node, record, state, over: [] };
  }
}

interface FailedRun {
  reason: string;
  message: string;
  /** Absent when it is gone. */
  sandbox?: Sandbox;
}

interface RunEnd {
  status: 'FAILED' | 'CANCELLED';
  errorMessage: string;
  sandbox: Sandbox | undefined;
}

/** A program that missed the output would decide wrongly. */
function outputTooLarge(sandbox: Sandbox, { outputBytes }: StatusRoom): FailedRun {
  const bytes = jsonBytes(sandbox.status?.result?.output);
  const message = `the output has ${bytes} bytes of JSON, and the status of the Task has room for ${outputBytes} more.`;
  return { reason: 'OutputTooLarge', message, sandbox };
}

/** The ends that a node can come to. */
class Ends {
  readonly #node: PlannedNode;
  readonly #record: NodeRecord;
  readonly #around: Settling;

  constructor(node: PlannedNode, record: NodeRecord, around: Settling) {
    this.#node = node;
    this.#record = record;
    this.#around = around;
  }

  ended(record: NodeRecord, over: readonly OverSandbox[] = []): SettledNode {
    return { node: this.#node, record, state: { state: 'ended' }, over };
  }

  succeeded(sandbox: Sandbox): SettledNode {
    const around = this.#around;
    return jsonBytes(sandbox.status?.result?.output) > around.outputBytes
      ? this.failed(outputTooLarge(sandbox, around))
      : this.ended(completedRecord(this.#record, sandbox, around));
  }

  failed({ reason, message, sandbox }: FailedRun, over: readonly OverSandbox[] = []): SettledNode {
    const errorMessage = whyFailed(reason, message);
    return this.#endedAs({ status: 'FAILED', errorMessage, sandbox }, over);
  }

  cancelled(errorMessage: string, sandbox?: Sandbox, over: readonly OverSandbox[] = []): SettledNode {
    return this.#endedAs({ status: 'CANCELLED', errorMessage, sandbox }, over);
  }

  #endedAs({ sandbox, ...end }: RunEnd, over: readonly OverSandbox[]): SettledNode {
    const { now, ...room } = this.#around;
    const run = sandbox === undefined ? {} : { run: { sandbox, room } };
    return this.ended(endedRecord(this.#record, { ...end, ...run }, now), over);
  }

  /** Another attempt follows, unless it was the last one. */
  again(run: FailedRun): SettledNode {
    const { task, now } = this.#around;
    const { reason, message, sandbox } = run;
    const over = overSandbox(this.#record, run);
    const last = isDisruption(reason) ? undefined : lastAttempt(this.#node, this.#record, this.#around);
    if (last !== undefined) return this.failed({ ...run, message: `${message} ${last}`.trim() }, over);
    const endedAt = earlier(sandbox?.status?.finishedAt ?? now, now);
    const retryAt = isDisruption(reason) ? endedAt : retryTime(task, this.#record, { reason, endedAt });
    const why = whyFailed(reason, message);
    const record = retriedRecord(this.#record, { sandbox, why, retryAt, now });
    return { node: this.#node, record, state: { ...run, state: 'lost' }, over };
  }
}

/** The clock of an Executor may be ahead: what has ended has ended by now. The times are of one form. */
const earlier = (one: string, other: string): string => (one < other ? one : other);

function overSandbox({ executor_name: name }: NodeRecord, { sandbox }: { sandbox?: Sandbox }): OverSandbox[] {
  if (name === undefined) return [];
  const ended = sandbox?.metadata.uid;
  return [{ name, ...(ended === undefined ? {} : { ended }) }];
}

/** A sentence that says that there is no attempt left; undefined when there is. */
function lastAttempt(
  node: PlannedNode,
  record: NodeRecord,
  { task, sandboxes }: Surroundings,
): string | undefined {
  const most = mostAttempts(node, task);
  // Attempts before people had it run again do not count, neither way.
  const { attempt: renewedFrom = 0 } = record.history?.at(-1) ?? {};
  const disrupted = sandboxes.filter(
    (sandbox) =>
      sandbox.spec.node === node.id && (sandbox.spec.attempt ?? 1) > renewedFrom && isDisrupted(sandbox),
  ).length;
  if (countedAttempts(record) - disrupted < most) return undefined;
  return `It was ${most === 1 ? 'the only attempt' : `the last of ${most} attempts`}.`;
}

/** The control plane has stopped the run: that is no failure, and the next attempt starts at once. */
const isDisruption = (reason: string): boolean => reason === 'Drained' || reason === 'Preempted';

function whyFailed(reason: string, message: string): string {
  return message === '' ? reason : `${reason}: ${message}`;
}
