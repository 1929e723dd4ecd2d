import type { NewCondition } from '../../machinery/condition.ts';
import { newCondition, notReady, ready } from '../ready.ts';

export const TaskCondition = {
  /** True once Team and Workspace were resolved and the snapshot was taken; it then stays. */
  Ready: 'Ready',
  /** True when the Task has ended, whatever the outcome; `kubectl wait --for=condition=Finished` waits for it. */
  Finished: 'Finished',
  /** True only when every step succeeded; absent until the Task has ended. */
  Complete: 'Complete',
  /** True once the Task was taken up: all that it names is there and may be used. */
  Accepted: 'Accepted',
  /** True when all runs under way have a place on an Executor; absent before the first run. */
  Scheduled: 'Scheduled',
  /** True while the agent of a step works. */
  Running: 'Running',
  /** True while the Task waits for a person; absent before it did. */
  AwaitingApproval: 'AwaitingApproval',
  /** True when every step succeeded, False when the Task ended otherwise; absent before. */
  Completed: 'Completed',
  /** True when the Task failed, with the reason; absent before the end. */
  Failed: 'Failed',
  /** True when the Task has failed, for tools that wait by kstatus; absent otherwise. */
  Stalled: 'Stalled',
  /** True when a step came to its end without something that it should have had; absent otherwise. */
  Degraded: 'Degraded',
} as const;

/** Reasons of a Task. */
export const TaskReason = {
  /** Ready=True: Team and Workspace are resolved, the steps are planned. */
  Planned: 'Planned',
  /** Ready=False: teamRef names a Team that does not exist or is not ready. */
  WaitingForTeam: 'WaitingForTeam',
  /** Ready=False: workspaceRef names a Workspace that does not exist or is not ready. */
  WaitingForWorkspace: 'WaitingForWorkspace',
  /**
   * Ready=False, or Finished=False of a Task that has begun: the user who made the Task may not, or may no longer, use what
   * it needs, or is gone.
   */
  UseForbidden: 'UseForbidden',
  /** Ready=False of a Task that has not begun, Finished=False of one that has: spec.suspend is set. */
  Suspended: 'Suspended',
  /** Ready=False and Finished=True: the Team needs a Workspace and the Task names none. */
  WorkspaceRequired: 'WorkspaceRequired',
  /** Ready=False and Finished=True: spec.parameters do not fit the schema of the Team. */
  ParametersInvalid: 'ParametersInvalid',
  /** Ready=False and Finished=True: this version does not carry out the Team's collaborationModel. */
  UnsupportedMode: 'UnsupportedMode',
  /** Ready=False and Finished=True: what the Team is to do cannot be carried out, such as a node that waits for itself. */
  InvalidPlan: 'InvalidPlan',
  /** Ready=False and Finished=True: the Task, or the step, that spec.forkFrom names cannot be gone on from. */
  ForkImpossible: 'ForkImpossible',
  /** Finished=False: the Task waits for its references. */
  Pending: 'Pending',
  /** Finished=False: a step is under way. */
  Running: 'Running',
  /** Finished=False: nothing runs, and the next step waits for something else, such as a time. */
  Waiting: 'Waiting',
  /** Finished=False: no Executor has room for the next step. */
  Unschedulable: 'Unschedulable',
  /** Finished=False: cancelling was asked for and the running step has not stopped yet. */
  Cancelling: 'Cancelling',
  /** Finished=False: a step failed and those that run beside it have not stopped yet. */
  Failing: 'Failing',
  /** Finished=False: a person has to confirm the stage (requireConfirmation). */
  WaitingForConfirmation: 'WaitingForConfirmation',
  /** Finished=False: nothing runs, and a person has to answer what an agent has asked (status.questions). */
  WaitingForAnswer: 'WaitingForAnswer',
  /** Degraded=True: a step ended with warnings, such as an MCP server that did not come. */
  StepsWarned: 'StepsWarned',
  /** Finished=True: every step succeeded. */
  Completed: 'Completed',
  /** Finished=True: a step failed; the message says which and why. */
  Failed: 'Failed',
  /** Finished=True: stopped on request. */
  Cancelled: 'Cancelled',
} as const;

export type TaskReadyFalseReason = (typeof TaskReason)[
  | 'WaitingForTeam'
  | 'WaitingForWorkspace'
  | 'UseForbidden'
  | 'Suspended'
  | 'ParametersInvalid'
  | 'WorkspaceRequired'
  | 'UnsupportedMode'
  | 'InvalidPlan'
  | 'ForkImpossible'];

export type TaskUnfinishedReason = (typeof TaskReason)[
  | 'Pending'
  | 'Running'
  | 'Waiting'
  | 'Unschedulable'
  | 'UseForbidden'
  | 'Suspended'
  | 'Cancelling'
  | 'Failing'
  | 'WaitingForConfirmation'
  | 'WaitingForAnswer'];

export type TaskFinishedReason = (typeof TaskReason)[
  | 'Completed'
  | 'Failed'
  | 'Cancelled'
  | 'ParametersInvalid'
  | 'UnsupportedMode'
  | 'InvalidPlan'
  | 'ForkImpossible'
  | 'WorkspaceRequired'];

export function taskReady(message: string): NewCondition {
  return ready(TaskReason.Planned, message);
}

export function taskNotReady(reason: TaskReadyFalseReason, message: string): NewCondition {
  return notReady(reason, message);
}

export function taskUnfinished(reason: TaskUnfinishedReason, message: string): NewCondition {
  return newCondition(TaskCondition.Finished, 'False', { reason, message });
}

export function taskFinished(reason: TaskFinishedReason, message: string): NewCondition {
  return newCondition(TaskCondition.Finished, 'True', { reason, message });
}

/** Written when the Task ends; True only for COMPLETED. */
export function taskComplete(complete: boolean, reason: TaskFinishedReason, message: string): NewCondition {
  return newCondition(TaskCondition.Complete, complete ? 'True' : 'False', { reason, message });
}

/** `message`: the warnings of the steps. */
export function taskDegraded(message: string): NewCondition {
  return newCondition(TaskCondition.Degraded, 'True', { reason: TaskReason.StepsWarned, message });
}

const STEP_ENDS: ReadonlySet<string | undefined> = new Set(['COMPLETED', 'FAILED', 'CANCELLED', 'SKIPPED']);

/** Whether a step with this status has come to its end, a good or a bad one. */
export function isStepEnd(status: string | undefined): boolean {
  return STEP_ENDS.has(status);
}

const FINAL_STATUSES: ReadonlySet<string> = new Set(['COMPLETED', 'FAILED', 'CANCELLED']);

/** Whether the Task has ended. Nothing but a message or a retry takes it up again. */
export function isFinalTaskStatus(status: string | undefined): boolean {
  return status !== undefined && FINAL_STATUSES.has(status);
}

/** The part of a Task that tells what people want of it. */
interface Wanted {
  spec?: {
    messages?: readonly { id: string }[];
    retries?: readonly { id: string }[];
    cancel?: boolean;
  };
  status?: { status?: string; messages?: readonly { id: string }[]; retries?: readonly string[] };
}

/** The ids of the messages that no agent has got yet, in order. */
export function waitingMessages({ spec, status }: Wanted): string[] {
  const done = new Set((status?.messages ?? []).map(({ id }) => id));
  return (spec?.messages ?? []).map(({ id }) => id).filter((id) => !done.has(id));
}

/** The ids of spec.retries that were not taken up yet. Nothing runs again for as long as the Task is to be cancelled. */
export function waitingRetries({ spec, status }: Wanted): string[] {
  if (spec?.cancel === true) return [];
  return (spec?.retries ?? []).map(({ id }) => id).filter((id) => status?.retries?.includes(id) !== true);
}

/** Whether the Task has ended, and nobody wants anything since that takes it up again. */
export function isAtRest(task: Wanted): boolean {
  if (!isFinalTaskStatus(task.status?.status)) return false;
  return waitingMessages(task).length + waitingRetries(task).length === 0;
}
