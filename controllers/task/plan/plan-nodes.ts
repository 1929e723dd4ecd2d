import type { TaskStatus } from '#api/types/generated/task';
import type { PlannedNode } from '../graph/graph.ts';
import { confirmedNodes, stageOf } from '../graph/stages.ts';
import { plannedRecord, readRecords } from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';
import type { Revision } from '../revision/revision.ts';
import type { Outcome } from '../status/outcome.ts';
import { goOn, hold, stop } from './move.ts';
import type { Move } from './move.ts';
import { settle } from './settle.ts';
import type { SettledNode, Surroundings } from './settle.ts';

/** The next steps in a graph, in the order of the nodes, and how the Task stands with them. */
export interface NodesPlan {
  moves: readonly Move[];
  outcome: Outcome;
}

/**
 * All nodes at once: first the ends of runs are taken over, which decides whether the Task goes on; then each node
 * makes its move by itself.
 */
export function planNodes({ nodes }: Revision, around: Surroundings): NodesPlan {
  const { task, now } = around;
  const known = new Map(readRecords(task.status).map((record) => [record.node, record]));
  const settled = nodes.map((node) => settle(node, known.get(node.id) ?? plannedRecord(node, now), around));
  const end = endOf(settled, around);
  if (end !== undefined) {
    const moves = settled.map((one) => stop(one, around));
    return { moves, outcome: endOutcome(end, moves) };
  }
  const gates = new Gates(settled, task.spec.currentStage);
  const { refusal } = around;
  const moves = settled.map((one) =>
    refusal === undefined ? goOn(one, gates.isOpen(one.node), around) : hold(one, around),
  );
  return { moves, outcome: outcomeOf(settled, { moves, gates, status: task.status, refusal }) };
}

type End = Extract<Outcome, { kind: 'failed' | 'cancelled' }>;

/** Why the Task does not go on, if it does not. A failure that was written down comes before a later cancel. */
function endOf(settled: readonly SettledNode[], { task }: Surroundings): End | undefined {
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
  gates: Gates;
  status: TaskStatus | undefined;
  refusal: string | undefined;
}

function outcomeOf(settled: readonly SettledNode[], { moves, gates, status, refusal }: Going): Outcome {
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
  const node = gates.unconfirmed();
  if (node === undefined) throw new Error('no node of the plan can start: it is no acyclic graph');
  return { kind: 'confirming', node };
}

function runsOf(moves: readonly Move[]) {
  return moves.flatMap(({ record, run }) => (run === undefined ? [] : [{ node: record.node, ...run }]));
}

const nodesIn = (settled: readonly SettledNode[]): PlannedNode[] => settled.map(({ node }) => node);

/** Over, so that what needs it may start. */
function isDone({ node, record }: { node: PlannedNode; record: NodeRecord }): boolean {
  if (record.status === 'COMPLETED') return true;
  return record.status === 'FAILED' && node.policy.onFailure === 'Continue';
}

/** Which nodes may start. */
class Gates {
  readonly #settled: readonly SettledNode[];
  readonly #done: ReadonlySet<string>;
  readonly #confirmed: ReadonlySet<string>;

  constructor(settled: readonly SettledNode[], currentStage: number | undefined) {
    this.#settled = settled;
    this.#done = new Set(settled.filter(isDone).map(({ node }) => node.id));
    const nodes = nodesIn(settled);
    const free = nodes.filter(({ policy }) => !policy.requireConfirmation).map(({ id }) => id);
    this.#confirmed = new Set([...free, ...confirmedNodes(nodes, currentStage)]);
  }

  /** Whether all that the node needs is done, and confirmed where that is asked for. */
  isOpen({ needs }: PlannedNode): boolean {
    return needs.every((id) => this.#done.has(id) && this.#confirmed.has(id));
  }

  /** The first node that is done and whose missing confirmation holds others up. */
  unconfirmed(): string | undefined {
    const waiting = this.#settled.filter(({ state }) => state.state === 'not-started');
    const needed = new Set(waiting.flatMap(({ node }) => node.needs));
    const holds = (id: string): boolean => needed.has(id) && this.#done.has(id) && !this.#confirmed.has(id);
    return this.#settled.find(({ node }) => holds(node.id))?.node.id;
  }
}
