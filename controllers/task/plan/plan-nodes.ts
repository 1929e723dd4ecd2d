import type { Ask } from '../approvals/ask.ts';
import { stageAsk, stageDecision } from '../approvals/stages.ts';
import { stageOf } from '../graph/stages.ts';
import type { PlannedNode } from '../graph/graph.ts';
import type { Task, TaskStatus } from '#api/types/generated/task';
import type { NodeRecord } from '../node-record.ts';
import type { Revision } from '../revision/revision.ts';
import { deadlineOf } from '../status/active-time.ts';
import type { Failure, Hold, Outcome } from '../status/outcome.ts';
import type { Conclusion } from '../unfold/unfold.ts';
import { giveOut } from './budget.ts';
import { isBeingCancelled } from './cancelled.ts';
import { growGraph } from './grow.ts';
import type { GrownGraph } from './grow.ts';
import { goOn, hold, stop, stopUnknown } from './move.ts';
import { SUSPENDED } from './suspended.ts';
import type { Grants } from '../status/spending.ts';
import type { Move } from './move.ts';
import { isDone } from './readiness.ts';
import type { Readiness } from './readiness.ts';
import type { SettledNode, Surroundings } from './settle.ts';

/** The next steps in a graph, in the order of the nodes, and how the Task stands with them. */
export interface NodesPlan {
  /** All nodes that are known by now. */
  nodes: readonly PlannedNode[];
  moves: readonly Move[];
  /** Records that belong to no node of this version; they are kept. */
  unknown: readonly NodeRecord[];
  outcome: Outcome;
  /** The questions to people beside those of runs. */
  asks: readonly Ask[];
  /** As the program of the Task says it. */
  conclusion: Conclusion;
  /** The grants of the budget that people have given; absent where they are as they were. */
  grants?: Grants;
  /** When time alone changes the plan; RFC 3339. */
  wakeAt?: string;
}

/**
 * All nodes at once: first the ends of runs are taken over, and the graph grows by them, which decides whether the Task goes
 * on; then each node makes its move by itself.
 */
export function planNodes(revision: Revision, around: Surroundings): NodesPlan {
  const mayGoOn = (graph: Grown): boolean => endOf(graph, around) === undefined;
  const grown = growGraph(revision, around, mayGoOn);
  const { settled, unfolded, readiness, unknown } = grown;
  const common = { nodes: settled.map(({ node }) => node), unknown, conclusion: unfolded };
  const ending = (why: End): NodesPlan => {
    const moves = [
      ...settled.map((one) => stop(one, around)),
      ...unknown.map((record) => stopUnknown(record, around)),
    ];
    return { ...common, unknown: [], moves, asks: [], outcome: endOutcome(why, moves) };
  };
  const end = endOf(grown, around);
  if (end !== undefined) return ending(end);
  const held = holdOf(around);
  const wanted = settled.map((one) =>
    held === undefined ? goOn(one, readiness.turnOf(one.node).turn === 'now', around) : hold(one, around),
  );
  const { moves, exceeded, grants } = giveOut(settled, wanted, { ...around, unknown });
  if (exceeded !== undefined) return { ...ending({ kind: 'failed', failure: { why: exceeded } }), grants };
  const deciding = settled.filter(({ node }) => unfolded.past?.has(node.id) !== true);
  const { heeded } = unfolded;
  const outcome = outcomeOf(deciding, { moves, readiness, status: around.task.status, held, heeded });
  return { ...common, grants, moves, asks: asksOf(grown, moves, around), outcome, ...wakeUp(moves, around) };
}

function holdOf({ refusal, task }: Surroundings): Hold | undefined {
  if (refusal !== undefined) return { reason: 'UseForbidden', message: refusal };
  return task.spec.suspend === true ? SUSPENDED : undefined;
}

/** RFC 3339 in UTC and of one length: the order of the texts is that of the times. */
function wakeUp(moves: readonly Move[], { task }: Surroundings): Pick<NodesPlan, 'wakeAt'> {
  const times = [...moves.flatMap(({ wait }) => wait?.until ?? []), ...[deadlineOf(task) ?? []].flat()];
  const [wakeAt] = times.toSorted();
  return wakeAt === undefined ? {} : { wakeAt };
}

function asksOf({ readiness }: Grown, moves: readonly Move[], { askedBy }: Surroundings): Ask[] {
  // Steps before a message may run again, and are confirmed again then.
  const stages = readiness.unconfirmed().map(({ node, record }) => stageAsk(node, record, askedBy(node)));
  return [...stages, ...moves.flatMap(({ wait }) => wait?.ask ?? [])];
}

type Grown = Omit<GrownGraph, 'unknown'>;
type End = Extract<Outcome, { kind: 'failed' | 'cancelled' }>;

/** Why the Task does not go on, if it does not. A failure that was written down comes before a later cancel. */
function endOf({ settled: all, unfolded, readiness }: Grown, around: Surroundings): End | undefined {
  const { task, now } = around;
  const { failure, past } = unfolded;
  const settled = all.filter(({ node }) => past?.has(node.id) !== true);
  if (failure !== undefined) return { kind: 'failed', failure: { why: failure } };
  const asked = around.failures.find(({ node }) => node === undefined || past?.has(node) !== true);
  if (asked !== undefined) return { kind: 'failed', failure: asked };
  if (settled.every(isDone)) return undefined;
  const failed = settled
    .filter((one) => one.record.status === 'FAILED' && !isDone(one))
    .map(({ record }) => record)
    .toSorted((a, b) => (a.completedAt ?? '').localeCompare(b.completedAt ?? ''))[0];
  if (failed !== undefined) {
    return { kind: 'failed', failure: { node: failed.node, why: failed.errorMessage ?? 'Unknown' } };
  }
  const isCancelled = isBeingCancelled(task);
  const rejected = isCancelled ? undefined : rejectedStage(readiness.unconfirmed());
  if (rejected !== undefined) return { kind: 'failed', failure: rejected };
  if (task.spec.cancel === true) return ON_REQUEST;
  const late = deadlineExceeded(task, now);
  if (late !== undefined) return { kind: 'failed', failure: { why: late } };
  const cancelled = settled.find(({ record }) => record.status === 'CANCELLED');
  if (cancelled === undefined) return isCancelled ? ON_REQUEST : undefined;
  const stage = stageOf(
    all.map(({ node }) => node.id),
    cancelled.node.id,
  );
  return { kind: 'cancelled', message: `Step ${stage + 1} was cancelled.` };
}

const ON_REQUEST: End = { kind: 'cancelled', message: 'Cancelled on request.' };

function deadlineExceeded(task: Task, now: string): string | undefined {
  const deadline = deadlineOf(task);
  if (deadline === undefined || deadline > now) return undefined;
  return `DeadlineExceeded: the Task has worked for ${task.spec.activeDeadlineSeconds ?? 0} s, its limit.`;
}

/** The first stage behind which people do not let the Task go on. */
function rejectedStage(unconfirmed: readonly SettledNode[]): Failure | undefined {
  for (const { node, record } of unconfirmed) {
    const why = stageDecision(record)?.why;
    if (why !== undefined) return { node: node.id, why };
  }
  return undefined;
}

/** The end, or that it is waited for. */
function endOutcome(end: End, moves: readonly Move[]): Outcome {
  const runs = runsOf(moves);
  if (runs.length === 0) return end;
  return end.kind === 'failed'
    ? { kind: 'failing', failure: end.failure, runs }
    : { kind: 'cancelling', runs };
}

interface Going {
  moves: readonly Move[];
  readiness: Readiness;
  status: TaskStatus | undefined;
  held: Hold | undefined;
  heeded: ReadonlySet<string> | undefined;
}

function outcomeOf(settled: readonly SettledNode[], going: Going): Outcome {
  const { moves, readiness, status, held, heeded } = going;
  const runs = runsOf(moves);
  // A step before a message that runs once more decides nothing, and is waited for.
  if (settled.every(isDone) && runs.length === 0) {
    return status?.status === 'CANCELLING'
      ? { kind: 'cancelled', message: 'Cancelled when the last step had ended.' }
      : { kind: 'completed', ...(heeded === undefined ? {} : { heeded }) };
  }
  if (held !== undefined) return { kind: 'held', ...held, runs };
  const waits = moves.flatMap(({ record, wait }) =>
    wait === undefined
      ? []
      : [{ node: record.node, message: wait.message, isForPeople: wait.ask !== undefined }],
  );
  if (runs.length > 0) return { kind: 'running', runs, waits };
  const asking = moves
    .filter(({ record }) => (record.suspended?.questions ?? []).length > 0)
    .map(({ record }) => record.node);
  if (asking.length > 0) return { kind: 'asking', nodes: asking };
  const [unconfirmed] = readiness.unconfirmed();
  if (unconfirmed !== undefined) return { kind: 'confirming', node: unconfirmed.node.id };
  if (waits.length === 0) throw new Error('no node of the plan can start: it is no acyclic graph');
  return { kind: 'resting', waits };
}

function runsOf(moves: readonly Move[]) {
  return moves.flatMap(({ record, run }) => (run === undefined ? [] : [{ node: record.node, ...run }]));
}
