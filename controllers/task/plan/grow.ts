import { withStageDecision } from '../approvals/stages.ts';
import { isGuarded } from '../approvals/settings.ts';
import { hasSandbox } from '../graph/graph.ts';
import { isEnded, plannedRecord, readRecords, skippedRecord } from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';
import type { Revision } from '../revision/revision.ts';
import { knownGraph } from '../unfold/follow-ups.ts';
import type { Unfolded } from '../unfold/unfold.ts';
import { Readiness } from './readiness.ts';
import { RoomLeft } from './room.ts';
import { settle } from './settle.ts';
import type { SettledNode, Surroundings } from './settle.ts';
import { SentEvents } from './sent-events.ts';
import { settleWait } from './wait.ts';
import type { WaitSurroundings } from './wait.ts';

/** The whole graph as it is known at this moment. */
export interface GrownGraph {
  /** In the order of the nodes. */
  settled: readonly SettledNode[];
  unfolded: Unfolded;
  readiness: Readiness;
  /** Records of nodes that this version of the program does not make. */
  unknown: readonly NodeRecord[];
}

/**
 * Takes over the ends of runs and unfolds the graph, until both say nothing new: an end may bring further nodes, and nodes at
 * which nothing runs may end at once. `mayGoOn` says whether such nodes have their turn, from what is settled.
 */
export function growGraph(
  revision: Revision,
  around: Surroundings,
  mayGoOn: (graph: Omit<GrownGraph, 'unknown'>) => boolean,
): GrownGraph {
  const stored = readRecords(around.task.status);
  const known = new Map(stored.map((record) => [record.node, record]));
  const settled = new Map<string, SettledNode>();
  const ended = (id: string): NodeRecord | undefined => {
    const record = settled.get(id)?.record ?? known.get(id);
    return record !== undefined && isEnded(record) ? record : undefined;
  };
  const room = new RoomLeft(stored);
  for (;;) {
    const input = { revision, history: { task: around.task, ended } };
    const unfolded = knownGraph(input, around.programs);
    const open = unfolded.nodes.length - stored.filter(isEnded).length;
    const isNews = settleNodes(unfolded, settled, { known, around, room, open });
    const inOrder = (): SettledNode[] => unfolded.nodes.flatMap(({ id }) => settled.get(id) ?? []);
    const readiness = new Readiness(settled, unfolded.nodes, {
      currentStage: around.task.spec.currentStage,
      isGuarded: (node) => isGuarded(around.askedBy(node)),
    });
    const hasTurned =
      mayGoOn({ settled: inOrder(), unfolded, readiness }) && takeTurns(settled, readiness, around);
    if (isNews || hasTurned) continue;
    // Of a graph that can no longer be carried out, no node is left.
    const made = new Set(unfolded.nodes.map(({ id }) => id));
    const unknown = stored
      .filter(({ node }) => !made.has(node))
      .map((record) => settled.get(record.node)?.record ?? record);
    return { settled: inOrder(), unfolded, readiness, unknown };
  }
}

interface Ends {
  known: ReadonlyMap<string, NodeRecord>;
  around: Surroundings;
  room: RoomLeft;
  /** How many steps have not ended. */
  open: number;
}

/** @returns whether an end was taken over that the unfolding did not know */
function settleNodes(
  { nodes }: Unfolded,
  settled: Map<string, SettledNode>,
  { known, around, room, open }: Ends,
): boolean {
  let isNews = false;
  for (const node of nodes) {
    const before = settled.get(node.id);
    if (before !== undefined) {
      // Its place is kept; what is known of its turn may be new.
      if (before.state.state === 'not-started') settled.set(node.id, { ...before, node });
      continue;
    }
    const stored = known.get(node.id);
    const planned = stored ?? plannedRecord(node, around.now);
    const now = settle(node, planned, { ...around, ...room.next(open) });
    settled.set(node.id, { ...now, record: withStageDecision(node, now.record, around) });
    if (!isEnded(now.record) || isEnded(planned)) continue;
    room.take(now.record);
    isNews = true;
  }
  return isNews;
}

/** Nodes that are skipped, and those at which nothing runs. @returns whether one of them has ended by that */
function takeTurns(settled: Map<string, SettledNode>, readiness: Readiness, around: Surroundings): boolean {
  let hasEnded = false;
  const { task } = around;
  const isSent = (task.spec.events ?? []).length > 0;
  const taken = isSent
    ? [...readRecords(task.status), ...[...settled.values()].map(({ record }) => record)]
    : [];
  const events = new SentEvents(task, taken);
  for (const [id, one] of settled) {
    if (one.state.state !== 'not-started') continue;
    const next = turn(one, readiness, { ...around, events });
    if (next === undefined) continue;
    settled.set(id, next);
    hasEnded ||= isEnded(next.record);
  }
  return hasEnded;
}

function turn(
  one: SettledNode,
  readiness: Readiness,
  around: Pick<Surroundings, 'task'> & WaitSurroundings,
): SettledNode | undefined {
  const { node, record, over } = one;
  const its = readiness.turnOf(node);
  if (its.turn === 'never') {
    return { node, record: skippedRecord(record, its.why, around.now), state: { state: 'ended' }, over };
  }
  if (its.turn !== 'now' || hasSandbox(node)) return undefined;
  const mayBegin = around.task.spec.suspend !== true || record.waitingSince !== undefined;
  return mayBegin ? settleWait(node, record, around) : undefined;
}
