import { findCondition } from '#api/machinery/condition';
import type { Condition, NewCondition } from '#api/machinery/condition';
import type { Sandbox } from '#api/types/generated/sandbox';
import { newCondition } from '#api/types/ready';
import { SandboxCondition } from '#api/types/sandboxes/sandbox';
import { TaskCondition, TaskReason } from '#api/types/tasks/task';
import type { NodeRun, Outcome } from './outcome.ts';

export interface PhaseInput {
  outcome: Outcome;
  /** As it is going to be written; undefined where it stays. */
  ready: NewCondition | undefined;
  finished: NewCondition;
  /** How much people are asked by Approvals. */
  asks: number;
  /** Of the Task so far. */
  known: readonly Condition[];
}

/** How far the Task has come, one condition per question; those that have nothing to say yet are absent. */
export function phaseConditions({ outcome, ready, finished, known, asks }: PhaseInput): NewCondition[] {
  const { reason, message } = finished;
  const isOver = finished.status === 'True';
  const has = (type: string): boolean => findCondition(known, type) !== undefined;
  const runs = runsOf(outcome);
  const is = (type: string, holds: boolean, why = { reason, message }): NewCondition =>
    newCondition(type, holds ? 'True' : 'False', why);
  const awaits = asks > 0 || awaitsPerson(outcome);
  return [
    ...(ready === undefined ? [] : [{ ...ready, type: TaskCondition.Accepted }]),
    ...(isOver || runs.length === 0 ? [] : [scheduled(runs)]),
    ...(runs.length > 0 || has(TaskCondition.Running)
      ? [running(finished, !isOver && runs.some(isAtWork))]
      : []),
    ...(awaits || has(TaskCondition.AwaitingApproval) ? [is(TaskCondition.AwaitingApproval, awaits)] : []),
    ...(isOver ? [is(TaskCondition.Completed, outcome.kind === 'completed'), failed(outcome, finished)] : []),
  ];
}

function runsOf(outcome: Outcome): readonly NodeRun[] {
  return 'runs' in outcome ? outcome.runs : [];
}

const isAtWork = ({ sandbox }: NodeRun): boolean => sandbox?.status?.phase === 'Running';

/** Runs that are made do not work yet. */
function running({ reason, message }: NewCondition, isRunning: boolean): NewCondition {
  const why = !isRunning && reason === TaskReason.Running ? 'Starting' : reason;
  return newCondition(TaskCondition.Running, isRunning ? 'True' : 'False', { reason: why, message });
}

function scheduled(runs: readonly NodeRun[]): NewCondition {
  const waits = runs.flatMap(({ sandbox }) => unscheduled(sandbox) ?? []);
  const [first] = waits;
  if (first === undefined) {
    const reason = runs.every(({ sandbox }) => sandbox?.spec.executorName !== undefined)
      ? 'Bound'
      : 'Starting';
    const status = reason === 'Bound' ? 'True' : 'False';
    const message = reason === 'Bound' ? 'All runs have a place on an Executor.' : 'Runs are being created.';
    return newCondition(TaskCondition.Scheduled, status, { reason, message });
  }
  return newCondition(TaskCondition.Scheduled, 'False', { reason: first.reason, message: first.message });
}

/** The condition that says why no Executor has it, or undefined. */
export function unscheduled(sandbox: Sandbox | undefined): Condition | undefined {
  if (sandbox === undefined || sandbox.spec.executorName !== undefined) return undefined;
  const found = findCondition(sandbox.status?.conditions, SandboxCondition.Scheduled);
  return found?.status === 'False' ? found : undefined;
}

/** Whether somebody has to do something for the Task to go on, or an agent asks while it works. */
function awaitsPerson(outcome: Outcome): boolean {
  if (outcome.kind === 'confirming' || outcome.kind === 'asking') return true;
  return runsOf(outcome).some(({ sandbox }) => (sandbox?.status?.questions ?? []).length > 0);
}

/** The reason of a failure is its first word: `TimedOut: the run took longer than 60 s`. */
function failed(outcome: Outcome, { reason, message }: NewCondition): NewCondition {
  if (outcome.kind !== 'failed') {
    return newCondition(TaskCondition.Failed, outcome.kind === 'impossible' ? 'True' : 'False', {
      reason,
      message,
    });
  }
  const [word = ''] = /^[A-Z][A-Za-z]*/.exec(outcome.failure.why) ?? [];
  return newCondition(TaskCondition.Failed, 'True', { reason: NAMES.get(word) ?? (word || reason), message });
}

/** The reasons that clients know by another name: a step, or the whole Task, took too long. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['TimedOut', 'Timeout'],
  ['DeadlineExceeded', 'Timeout'],
]);
