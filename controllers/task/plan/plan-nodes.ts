import { stageOf } from '../graph/stages.ts';
import type { PlannedNode } from '../graph/graph.ts';
import type { TaskStatus } from '#api/types/generated/task';
import type { NodeRecord } from '../node-record.ts';
import type { Revision } from '../revision/revision.ts';
import type { Outcome } from '../status/outcome.ts';
import type { Unfolded } from '../unfold/unfold.ts';
import { growGraph } from './grow.ts';
import { goOn, hold, stop } from './move.ts';
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
  /** The answer of the Task, where it is not that of the last nodes. */
  answer?: string;
  /** The node whose work is the Task's, where that is not the last one. */
  author?: string;
  /** When time alone changes the plan; RFC 3339. */
  wakeAt?: string;
}

/**
 * All nodes at once: first the ends of runs are taken over, and the graph grows by them, which decides whether the Task goes
 * on; then each node makes its move by itself.
 */
export function planNodes(revision: Revision, around: Surroundings): NodesPlan {
  const mayGoOn = (settled: readonly SettledNode[], unfolded: Unfolded): boolean =>
    endOf(settled, unfolded, around) === undefined;
  const { settled, unfolded, readiness, unknown } = growGraph(revision, around, mayGoOn);
  const { answer, author } = unfolded;
  const common = {
    nodes: settled.map(({ node }) => node),
    unknown,
    ...(answer === undefined ? {} : { answer }),
    ...(author === undefined ? {} : { author }),
  };
  const end = endOf(settled, unfolded, around);
  if (end !== undefined) {
    const moves = settled.map((one) => stop(one, around));
    return { ...common, moves, outcome: endOutcome(end, moves) };
  }
  const { refusal } = around;
  const moves = settled.map((one) =>
    refusal === undefined ? goOn(one, readiness.turnOf(one.node).turn === 'now', around) : hold(one, around),
  );
  const outcome = outcomeOf(settled, { moves, readiness, status: around.task.status, refusal });
  return { ...common, moves, outcome, ...wakeUp(moves) };
}

/** RFC 3339 in UTC and of one length: the order of the texts is that of the times. */
function wakeUp(moves: readonly Move[]): Pick<NodesPlan, 'wakeAt'> {
  const [wakeAt] = moves.flatMap(({ wait }) => wait?.until ?? []).toSorted();
  return wakeAt === undefined ? {} : { wakeAt };
}

type End = Extract<Outcome, { kind: 'failed' | 'cancelled' }>;

/** Why the Task does not go on, if it does not. A failure that was written down comes before a later cancel. */
function endOf(
  settled: readonly SettledNode[],
  { failure }: Unfolded,
  { task }: Surroundings,
): End | undefined {
  if (failure !== undefined) return { kind: 'failed', failure: { why: failure } };
  if (settled.every(isDone)) return undefined;
  const failed = settled
    .filter((one) => one.record.status === 'FAILED' && !isDone(one))
    .map(({ record }) => record)
    .toSorted((a, b) => (a.completedAt ?? '').localeCompare(b.completedAt ?? ''))[0];
  if (failed !== undefined) {
    return { kind: 'failed', failure: { node: failed.node, why: failed.errorMessage ?? 'Unknown' } };
  }
  if (task.spec.cancel === true) return { kind: 'cancelled', message: 'Cancelled on request.' };
  const cancelled = settled.find(({ record }) => record.status === 'CANCELLED');
  if (cancelled === undefined) return undefined;
  const stage = stageOf(
    settled.map(({ node }) => node.id),
    cancelled.node.id,
  );
  return { kind: 'cancelled', message: `Step ${stage + 1} was cancelled.` };
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
  refusal: string | undefined;
}

function outcomeOf(settled: readonly SettledNode[], { moves, readiness, status, refusal }: Going): Outcome {
  if (settled.every(isDone)) {
    return status?.status === 'CANCELLING'
      ? { kind: 'cancelled', message: 'Cancelled when the last step had ended.' }
      : { kind: 'completed' };
  }
  const runs = runsOf(moves);
  if (refusal !== undefined) return { kind: 'refused', message: refusal, runs };
  if (runs.length > 0) return { kind: 'running', runs };
  const asking = moves
    .filter(({ record }) => record.suspended !== undefined)
    .map(({ record }) => record.node);
  if (asking.length > 0) return { kind: 'asking', nodes: asking };
  const node = readiness.unconfirmed();
  if (node !== undefined) return { kind: 'confirming', node };
  const waits = moves.flatMap(({ record, wait }) =>
    wait === undefined ? [] : [{ node: record.node, message: wait.message }],
  );
  if (waits.length === 0) throw new Error('no node of the plan can start: it is no acyclic graph');
  return { kind: 'resting', waits };
}

function runsOf(moves: readonly Move[]) {
  return moves.flatMap(({ record, run }) => (run === undefined ? [] : [{ node: record.node, ...run }]));
}
