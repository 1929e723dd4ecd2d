import { findCondition, replaceCondition, withCondition } from '#api/machinery/condition';
import type { Condition, NewCondition } from '#api/machinery/condition';
import type { Task } from '#api/types/generated/task';
import type { Sandbox } from '#api/types/generated/sandbox';
import { SandboxCondition, SandboxReason } from '#api/types/sandboxes/sandbox';
import {
  TaskCondition,
  taskComplete,
  taskDegraded,
  taskFinished,
  taskNotReady,
  taskReady,
  taskUnfinished,
} from '#api/types/tasks/task';
import type { TaskFinishedReason } from '#api/types/tasks/task';
import { approvalName } from '../approvals/ask.ts';
import { whyInTheWay } from '../approvals/in-the-way.ts';
import type { Ask } from '../approvals/ask.ts';
import { namesAnybody, namesOf } from '#api/types/approval';
import { stageOf } from '../graph/stages.ts';
import type { NodeRecord } from '../node-record.ts';
import type { Revision } from '../revision/revision.ts';
import type { NodeRun, NodeWait, Outcome } from './outcome.ts';
import { phaseConditions, unscheduled } from './phase-conditions.ts';
import { failureMessage, firstSentences, stepTitle } from './wording.ts';

export interface ConditionInput {
  outcome: Outcome;
  records: readonly NodeRecord[];
  revision: Revision | undefined;
  finished: NewCondition;
  asks: readonly Ask[] | undefined;
  now: string;
}

export function nextConditions(task: Task, input: ConditionInput): Condition[] {
  const { outcome, records, revision, finished, asks = [], now } = input;
  const at = { now, generation: task.metadata.generation };
  let conditions = task.status?.conditions ?? [];
  const ready = readyCondition(outcome, revision);
  if (ready !== undefined) conditions = withCondition(conditions, ready, at);
  conditions = withCondition(conditions, finished, at);
  const warnings = warningsOf(records);
  if (warnings !== '') conditions = withCondition(conditions, taskDegraded(warnings), at);
  const phases = phaseConditions({ outcome, ready, finished, known: conditions, asks: asks.length });
  for (const phase of phases) conditions = withCondition(conditions, phase, at);
  conditions = replaceCondition(conditions, { type: TaskCondition.Stalled, next: stalled(phases) }, at);
  // A Task that is taken up again is no longer complete.
  if (finished.status !== 'True') return conditions.filter(({ type }) => type !== TaskCondition.Complete);
  const complete = taskComplete(outcome.kind === 'completed', finishedReason(outcome), finished.message);
  return withCondition(conditions, complete, at);
}

/** For kstatus, which knows no condition Failed: there only while the Task has failed. */
function stalled(phases: readonly NewCondition[]): NewCondition | undefined {
  const failed = phases.find(({ type, status }) => type === TaskCondition.Failed && status === 'True');
  return failed === undefined ? undefined : { ...failed, type: TaskCondition.Stalled };
}

/** The warnings of the steps that have ended. */
function warningsOf(records: readonly NodeRecord[]): string {
  const sentences = records.flatMap(({ node, result }) => {
    const warnings: unknown = result?.['warnings'];
    if (!Array.isArray(warnings)) return [];
    return warnings.map((warning) => `${stepTitle(node, records)}: ${String(warning)}`);
  });
  return firstSentences(sentences, MOST_WARNINGS);
}

/** A condition is read in one piece; each record has the warnings of its step. */
const MOST_WARNINGS = 10;

function readyCondition(outcome: Outcome, revision: Revision | undefined): NewCondition | undefined {
  if (outcome.kind === 'waiting' || outcome.kind === 'impossible') {
    return taskNotReady(outcome.reason, outcome.message);
  }
  if (revision === undefined) return undefined;
  const { nodes, program, teamRef } = revision;
  const team = `${teamRef.namespace ?? ''}/${teamRef.name}`;
  if (program !== undefined)
    return taskReady(`Planned for Team "${team}"; its steps follow from each other.`);
  return taskReady(`Planned ${nodes.length === 1 ? 'one step' : `${nodes.length} steps`} of Team "${team}".`);
}

/** The questions to people about the Task. */
export interface Asked {
  task: Task;
  asks: readonly Ask[] | undefined;
}

export function finishedCondition(
  outcome: Outcome,
  records: readonly NodeRecord[],
  asked: Asked,
): NewCondition {
  switch (outcome.kind) {
    case 'waiting':
      return taskUnfinished(outcome.reason === 'Suspended' ? outcome.reason : 'Pending', outcome.message);
    case 'running':
      return runningCondition(outcome, records, asked);
    case 'held':
      return taskUnfinished(outcome.reason, `${heldMessage(outcome, records)}${whoIsAsked(asked)}`);
    case 'confirming':
      return taskUnfinished('WaitingForConfirmation', confirmationMessage(outcome.node, records, asked));
    case 'asking':
      return taskUnfinished(
        'WaitingForAnswer',
        `${askingMessage(outcome.nodes, records)}${whoIsAsked(asked)}`,
      );
    case 'resting':
      return taskUnfinished(
        outcome.waits.every(({ isForPeople }) => isForPeople) ? 'WaitingForConfirmation' : 'Waiting',
        `${restingMessage(outcome.waits, records)}${whoIsAsked(asked)}`,
      );
    case 'cancelling':
      return taskUnfinished('Cancelling', stoppingMessage(outcome.runs, records));
    case 'failing': {
      const message = `${stoppingMessage(outcome.runs, records)} ${failureMessage(outcome.failure, records)}`;
      return taskUnfinished('Failing', message);
    }
    case 'completed':
      return taskFinished('Completed', completedMessage(records, outcome.heeded));
    case 'failed':
      return taskFinished('Failed', failureMessage(outcome.failure, records));
    case 'impossible':
    case 'cancelled':
      return taskFinished(finishedReason(outcome), outcome.message);
  }
}

function heldMessage(
  { message, runs }: Extract<Outcome, { kind: 'held' }>,
  records: readonly NodeRecord[],
): string {
  const sentences = runs.map((run) => runSentence(run, stepTitle(run.node, records)));
  return ['No further step starts:', message, firstSentences(sentences)].join(' ').trimEnd();
}

function confirmationMessage(node: string, records: readonly NodeRecord[], asked: Asked): string {
  const ids = records.map((record) => record.node);
  const own = asked.asks?.find((ask) => ask.node === node);
  const other = namesAnybody(own?.settings.approvers)
    ? ''
    : ` Setting spec.currentStage to ${stageOf(ids, node) + 1} confirms it, too.`;
  return `${stepTitle(node, records)} has ended.${whoIsAsked(asked)}${other}`;
}

/** An agent may ask more at once than people read in one sentence. */
const MOST_SHOWN = 3;

function whoIsAsked({ task, asks = [] }: Asked): string {
  const shown = asks.slice(0, MOST_SHOWN).map(({ key, settings: { approvers }, isBlocked }) => {
    if (isBlocked === true) return ` ${whyInTheWay(approvalName(task, key))}`;
    const people = approvers && namesAnybody(approvers) ? namesOf(approvers) : 'whoever may approve it';
    return ` Approval ${approvalName(task, key)} asks ${people}.`;
  });
  const more = asks.length - shown.length;
  return `${shown.join('')}${more > 0 ? ` ${more} more ask.` : ''}`;
}

function askingMessage(nodes: readonly string[], records: readonly NodeRecord[]): string {
  const sentences = records
    .filter(({ node }) => nodes.includes(node))
    .flatMap(({ node, suspended }) =>
      (suspended?.questions ?? []).map(
        ({ id, message }) => `${stepTitle(node, records)} asks (${id}): ${message}`,
      ),
    );
  return firstSentences(sentences);
}

function restingMessage(waits: readonly NodeWait[], records: readonly NodeRecord[]): string {
  return firstSentences(waits.map(({ node, message }) => `${stepTitle(node, records)}: ${message}`));
}

function stoppingMessage(runs: readonly NodeRun[], records: readonly NodeRecord[]): string {
  return firstSentences(runs.map(({ node }) => `${stepTitle(node, records)} is being stopped.`));
}

function completedMessage(records: readonly NodeRecord[], heeded?: ReadonlySet<string>): string {
  const isFailed = ({ node, status }: NodeRecord): boolean =>
    status === 'FAILED' && heeded?.has(node) !== true;
  const failed = records.filter(isFailed).length;
  if (failed > 0) return `All steps have ended, ${failed} of ${records.length} with a failure.`;
  return records.length === 1 ? 'The step has succeeded.' : 'All steps have succeeded.';
}

/** Unschedulable when nothing that could go on has a place. */
function runningCondition(
  { runs, waits: others }: Extract<Outcome, { kind: 'running' }>,
  records: readonly NodeRecord[],
  asked: Asked,
): NewCondition {
  const sentences = [firstSentences(runs.map((run) => runSentence(run, stepTitle(run.node, records))))];
  if (others.length > 0) sentences.push(restingMessage(others, records));
  const waits = runs.every(({ sandbox }) => unscheduled(sandbox) !== undefined);
  return taskUnfinished(waits ? 'Unschedulable' : 'Running', `${sentences.join(' ')}${whoIsAsked(asked)}`);
}

function runSentence({ sandbox }: NodeRun, title: string): string {
  const missing = unscheduled(sandbox);
  if (missing !== undefined) return `${title} waits: ${missing.message}`;
  if (sandbox?.metadata.deletionTimestamp !== undefined) return `${title}: its Sandbox is being deleted.`;
  const [question] = sandbox?.status?.questions ?? [];
  if (question !== undefined) return `${title} asks (${question.id}): ${question.message}`;
  if (sandbox?.status?.phase === 'Running') return `${title} is under way.`;
  const trouble = startTrouble(sandbox);
  return trouble === undefined ? `${title} is starting.` : `${title} is starting: ${trouble}`;
}

const SLOW_STARTS: ReadonlySet<string> = new Set([SandboxReason.NoPort, SandboxReason.Pulling]);

/** The trouble that keeps the Executor from starting it at this moment. */
function startTrouble(sandbox: Sandbox | undefined): string | undefined {
  const ready = findCondition(sandbox?.status?.conditions, SandboxCondition.Ready);
  return ready !== undefined && SLOW_STARTS.has(ready.reason) ? ready.message : undefined;
}

function finishedReason(outcome: Outcome): TaskFinishedReason {
  if (outcome.kind === 'impossible') return outcome.reason;
  if (outcome.kind === 'completed') return 'Completed';
  return outcome.kind === 'cancelled' ? 'Cancelled' : 'Failed';
}
