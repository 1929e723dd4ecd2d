import type { Approval } from '#api/types/generated/approval';
import type { Sandbox, SandboxAnswer, SandboxMessage } from '#api/types/generated/sandbox';
import type { Task, TaskStatus } from '#api/types/generated/task';
import type { TaskRevision } from '#api/types/generated/task-revision';
import { isFinalPhase } from '#api/types/sandboxes/sandbox';
import { memberNamesOf } from '#api/types/tasks/task-revision';
import { isAtRest } from '#api/types/tasks/task';
import { questionAsk } from '../approvals/answers.ts';
import { approvalName, approvalObject } from '../approvals/ask.ts';
import type { Ask } from '../approvals/ask.ts';
import { askingOf } from '../approvals/asking.ts';
import type { Asking } from '../approvals/asking.ts';
import type { Resolution } from '../configuration/resolve.ts';
import { withInheritance } from '../fork/inherit.ts';
import type { Inheritance } from '../fork/take-over.ts';
import type { PlannedNode } from '../graph/graph.ts';
import { nodeOfSandbox } from '../graph/stages.ts';
import { hasRunHere, isEnded, readRecords } from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';
import { rescheduled } from '../sandbox/rescheduling.ts';
import type { RescheduledSandbox } from '../sandbox/rescheduling.ts';
import { sandboxObject } from '../sandbox/sandbox-object.ts';
import { makeRevision, readRevision, taskRevision } from '../revision/task-revision.ts';
import type { Revision } from '../revision/revision.ts';
import type { Outcome } from '../status/outcome.ts';
import type { Programs } from '../unfold/unfold.ts';
import { unheard } from '../status/messages.ts';
import { newAnswers, openQuestions } from '../status/questions.ts';
import { nextStatus } from '../status/status.ts';
import { isBeingCancelled } from './cancelled.ts';
import type { Move } from './move.ts';
import { planNodes } from './plan-nodes.ts';
import { mayRenew, renewed } from './renew.ts';
import { SUSPENDED } from './suspended.ts';
import type { OverSandbox, Rejection } from './settle.ts';
import { steered } from './steer.ts';
import type { Steering } from './steer.ts';

export interface Observation {
  task: Task;
  /** Those owned by this Task (its uid). */
  sandboxes: readonly Sandbox[];
  /** Those owned by this Task (its uid). */
  approvals: readonly Approval[];
  /** The one that the status names; undefined where it names none, or the one that it names is not there. */
  taskRevision: TaskRevision | undefined;
  /** Asked only while there is no TaskRevision. */
  resolve: () => Resolution;
  /** Those of other Tasks whose steps it has taken over: they have the answers in full. */
  held?: readonly Sandbox[];
  /** Of a fork that has not begun: what it takes over. */
  inheritance?: Inheritance;
  /** How graphs grow. */
  programs: Programs;
  /** RFC 3339. */
  now: string;
  /** The answer of the server to the last plan, if it refused a part of it. */
  rejection?: Rejection;
  /** Names of Approvals that are not of this Task. */
  inTheWay?: ReadonlySet<string>;
  /** Why no further run may start, as a sentence; those under way go on. */
  refusal?: string;
}

/** The next steps: first the status is written (version-checked), then the rest is done, in any order. */
export interface TaskPlan {
  /** Absent when the Task has ended. */
  status?: TaskStatus;
  /** To be created, unless they are there already. */
  create: readonly Sandbox[];
  /** Their spec.cancel is to be set. */
  cancel: readonly Sandbox[];
  /** Runs that get words of people. */
  tell: readonly ToldSandbox[];
  /** Runs that wait for an Executor, and are to have what the Task says by now about when and where they start. */
  reschedule: readonly RescheduledSandbox[];
  /** To be there: made again where somebody has deleted one. */
  approvals: readonly Approval[];
  /**
   * Runs that the plan takes for over. The cache may lag behind another controller's, so the server is asked before
   * anything is done: a second agent must not start while the first one works.
   */
  mustBeOver: readonly OverSandbox[];
  /** Has to be there, before the first Sandbox is created. */
  ensure?: TaskRevision;
  /** When time alone changes the plan; RFC 3339. */
  wakeAt?: string;
}

/** All that it is to have: what it has, and what is new. */
export interface ToldSandbox {
  sandbox: Sandbox;
  answers?: readonly SandboxAnswer[];
  messages?: readonly SandboxMessage[];
}

const NOTHING: TaskPlan = {
  ...{ create: [], cancel: [], tell: [], reschedule: [], approvals: [], mustBeOver: [] },
};

/** The plan of one Task; pure. */
export function planTask(observation: Observation): TaskPlan {
  const { task, sandboxes } = observation;
  const live = sandboxes.filter((sandbox) => !isFinalPhase(sandbox.status?.phase));
  const uncancelled = live.filter((sandbox) => sandbox.spec.cancel !== true);
  // A controller that lost a race may have created a Sandbox for a Task that had just ended.
  if (isAtRest(task)) {
    return { ...NOTHING, cancel: [...uncancelled, ...unansweredOf(sandboxes, readRecords(task.status))] };
  }
  const revision = readRevision(task.status, observation.taskRevision);
  if (revision !== undefined) return planFrom(observation, revision, live);
  if (task.status?.revision !== undefined) return planWithoutRevision(observation, live);
  if (isBeingCancelled(task))
    return ended(observation, { kind: 'cancelled', message: 'Cancelled before it started.' });
  // A fork takes over at once: the other Task may be gone when it goes on.
  if (task.spec.suspend === true && observation.inheritance === undefined)
    return ended(observation, { kind: 'waiting', ...SUSPENDED });

  const resolution = observation.resolve();
  return resolution.outcome === 'resolved'
    ? planGraph(beginning(observation), makeRevision(resolution.content))
    : ended(observation, unresolved(resolution));
}

/** A fork begins where another Task stood. */
function beginning(observation: Observation): Observation {
  const { task, inheritance } = observation;
  return inheritance === undefined
    ? observation
    : { ...observation, task: withInheritance(task, inheritance) };
}

/** With the steps that people want to run again, where the Task has ended. */
function planFrom(observation: Observation, revision: Revision, live: readonly Sandbox[]): TaskPlan {
  const { task } = observation;
  if (!mayRenew(task)) return planGraph(observation, revision);
  // Whatever is alive of a Task that has ended was never its own.
  if (live.length > 0) return { ...NOTHING, cancel: live.filter(({ spec }) => spec.cancel !== true) };
  const { status, isRenewed } = renewed(task, { ...observation, revision });
  if (!isRenewed) return { ...NOTHING, status };
  return planGraph({ ...observation, task: { ...task, status } }, revision);
}

function unresolved(resolution: Exclude<Resolution, { outcome: 'resolved' }>): Outcome {
  return resolution.outcome === 'waiting'
    ? { kind: 'waiting', ...resolution }
    : { kind: 'impossible', ...resolution };
}

function ended(observation: Observation, outcome: Outcome): TaskPlan {
  const records = readRecords(observation.task.status);
  return { ...NOTHING, status: nextStatus(observation, { records, outcome }) };
}

function planGraph(given: Observation, start: Revision): TaskPlan {
  const asking = askingOf(given, start);
  const { task } = asking;
  const observation = { ...given, task };
  const planned = planNodes(start, { ...observation, ...asking });
  const { nodes, moves, unknown, outcome, conclusion, grants, wakeAt } = planned;
  const revision = { ...start, nodes };
  // Of a Task that is taken up again, nodes that never began are left out; their members may be spoken to.
  const members = memberNamesOf({ ...start, nodes: [...start.nodes, ...nodes] });
  const unchanged = unheard({ task, records: readRecords(task.status), members });
  if (unchanged !== undefined) return { ...NOTHING, status: unchanged };
  const records = [...moves.map(({ record }) => record), ...unknown].map(asking.noted);
  const asks = isOver(outcome)
    ? []
    : [...planned.asks, ...questionAsks(observation, asking, { nodes, records })].map((ask) =>
        judgedAsk(observation, ask),
      );
  const sandboxes = [...observation.sandboxes, ...(observation.held ?? [])];
  const run = { task: observation.task, revision, records, sandboxes };
  const create = moves.flatMap((move) => (move.create === true ? [sandboxObject(run, move.record)] : []));
  return {
    status: nextStatus(observation, { records, outcome, revision, conclusion, grants, asks, members }),
    create,
    ...(mustEnsure(observation, revision, { create, outcome })
      ? { ensure: taskRevision(observation.task.metadata.namespace, start) }
      : {}),
    cancel: [...moves.flatMap(({ cancel }) => cancel ?? []), ...straysOf(observation.sandboxes, records)],
    tell: isGoing(outcome) ? told(observation, { moves, records, nodes, members }) : [],
    reschedule: isGoing(outcome)
      ? moves.flatMap((move) => rescheduled(run, { ...move, sandbox: move.run?.sandbox }) ?? [])
      : [],
    approvals: asks.filter(({ isBlocked }) => isBlocked !== true).map((ask) => approvalObject(task, ask)),
    mustBeOver: moves.flatMap(({ over }) => over),
    ...(wakeAt === undefined ? {} : { wakeAt }),
  };
}

const isGoing = ({ kind }: Outcome): boolean => kind === 'running' || kind === 'held';

/** Nobody decides about what comes to its end. */
const isOver = ({ kind }: Outcome): boolean => OVER.has(kind);
const OVER: ReadonlySet<Outcome['kind']> = new Set([
  ...(['completed', 'failed', 'failing', 'cancelled', 'cancelling', 'impossible'] as const),
]);

function judgedAsk({ task, inTheWay }: Observation, ask: Ask): Ask {
  return inTheWay?.has(approvalName(task, ask.key)) === true ? { ...ask, isBlocked: true } : ask;
}

/** The questions of the agents, which are asked by Approvals too. */
function questionAsks(
  { task, sandboxes }: Observation,
  { askedBy }: Asking,
  { nodes, records }: { nodes: readonly PlannedNode[]; records: readonly NodeRecord[] },
): Ask[] {
  return openQuestions({ task, records, sandboxes }).flatMap((question) => {
    const node = nodes.find(({ id }) => id === question.node);
    return node === undefined ? [] : [questionAsk(question, askedBy(node))];
  });
}

function told(
  { task, sandboxes }: Observation,
  { moves, ...known }: Pick<Steering, 'members' | 'moves' | 'nodes' | 'records'>,
): ToldSandbox[] {
  const words = steered({ task, sandboxes, moves, ...known });
  return live(moves).flatMap((sandbox) => {
    const answers = newAnswers(task, sandbox);
    const messages = words.get(sandbox.metadata.name) ?? [];
    if (answers.length + messages.length === 0) return [];
    const { spec } = sandbox;
    return [
      {
        sandbox,
        ...(answers.length === 0 ? {} : { answers: [...(spec.answers ?? []), ...answers] }),
        ...(messages.length === 0 ? {} : { messages: [...(spec.messages ?? []), ...messages] }),
      },
    ];
  });
}

const live = (moves: readonly Move[]): Sandbox[] => moves.flatMap(({ run }) => run?.sandbox ?? []);

/**
 * When the Task first names it, whether a run starts or not, and where it is gone. Once a Sandbox was seen, the Task has named
 * its TaskRevision for so long that no collector takes it for unused.
 */
function mustEnsure(
  { task, taskRevision: found }: Observation,
  { name }: Revision,
  { create, outcome }: { create: readonly Sandbox[]; outcome: Outcome },
): boolean {
  if (name === undefined) return false;
  if (task.status?.revision !== name) return true;
  if (found === undefined) return !isOver(outcome);
  return create.length > 0 && !readRecords(task.status).some(hasRunHere);
}

/**
 * Live Sandboxes of attempts that are over for the records: a controller that slept between its two writes may have
 * made one. Records only move on, so that this holds however old the caches are.
 */
function straysOf(sandboxes: readonly Sandbox[], records: readonly NodeRecord[]): Sandbox[] {
  const known = new Map(records.map((record) => [record.node, record]));
  return sandboxes.filter(({ spec, status }) => {
    if (spec.cancel === true || isFinalPhase(status?.phase)) return false;
    const record = known.get(nodeOfSandbox(spec));
    return record !== undefined && (isEnded(record) || (spec.attempt ?? 0) < (record.attempt ?? 0));
  });
}

/** Those that wait for a person whom nobody asks any longer. */
function unansweredOf(sandboxes: readonly Sandbox[], records: readonly NodeRecord[]): Sandbox[] {
  const last = new Set(records.map(({ executor_name: name }) => name));
  return sandboxes.filter(
    ({ metadata, spec, status }) =>
      status?.phase === 'Suspended' && spec.cancel !== true && last.has(metadata.name),
  );
}

/**
 * The TaskRevision that the status names is not there: the controller died before it was made, or somebody deleted it.
 * A Task that has not begun takes the configuration as it is now. One that has begun goes on when that is still the same,
 * and the same TaskRevision is made again; otherwise nobody knows how to go on.
 */
function planWithoutRevision(observation: Observation, live: readonly Sandbox[]): TaskPlan {
  const { task, sandboxes } = observation;
  const records = readRecords(task.status);
  const hasBegun = sandboxes.length > 0 || records.some(hasRunHere);
  const resolution = observation.resolve();
  if (resolution.outcome === 'resolved') {
    const revision = makeRevision(resolution.content);
    if (!hasBegun || revision.name === task.status?.revision) return planFrom(observation, revision, live);
  } else if (!hasBegun && task.spec.cancel !== true) {
    return ended(observation, unresolved(resolution));
  }
  if (live.length > 0) return { ...NOTHING, cancel: live.filter(({ spec }) => spec.cancel !== true) };
  const outcome: Outcome = isBeingCancelled(task)
    ? { kind: 'cancelled', message: 'Cancelled on request.' }
    : { kind: 'failed', failure: { why: revisionMissing(task) } };
  const known = new Set(sandboxes.map(({ metadata }) => metadata.name));
  const mustBeOver = records.flatMap((record) => {
    const { executor_name: name } = record;
    return name === undefined || known.has(name) || isEnded(record) ? [] : [{ name }];
  });
  return { ...ended(observation, outcome), mustBeOver };
}

function revisionMissing({ status }: Task): string {
  return `RevisionMissing: TaskRevision "${status?.revision ?? ''}" was deleted, and the configuration has changed since.`;
}
