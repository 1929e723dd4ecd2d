import { isConfirmedRecord } from '../approvals/stages.ts';
import type { GraphNode, NeededEnd, PlannedNode } from '../graph/graph.ts';
import { confirmedNodes } from '../graph/stages.ts';
import { isEnded } from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';
import type { SettledNode } from './settle.ts';

/** Over, so that the Task does not wait for it and is not failed by it. */
export function isDone({ node, record }: { node: GraphNode; record: NodeRecord }): boolean {
  if (record.status === 'COMPLETED' || record.status === 'SKIPPED') return true;
  return record.status === 'FAILED' && node.policy.onFailure === 'Continue';
}

/** Whether a node may start: not yet, now, or never, for the reason in the sentence. */
export type Turn = { turn: 'later' } | { turn: 'now' } | { turn: 'never'; why: string };

/** How the ends of nodes are confirmed, beside their Approvals. */
export interface Confirmations {
  currentStage: number | undefined;
  /** Whether an Approval is the only way. */
  isGuarded: (node: PlannedNode) => boolean;
}

/** Whoever speaks to a Task that has ended lets it go on, whatever was decided about the steps before. */
const isFollowUp = ({ message }: GraphNode): boolean => message !== undefined;

const isHeldUp = (node: GraphNode, isConfirmed: (need: string) => boolean): boolean =>
  !isFollowUp(node) && !node.needs.every(isConfirmed);

/** Whose turn it is, by the ends of the nodes. */
export class Readiness {
  readonly #settled: ReadonlyMap<string, SettledNode>;
  /** By spec.currentStage. */
  readonly #passed: ReadonlySet<string>;
  readonly #isGuarded: Confirmations['isGuarded'];

  /** `settled` may change; `nodes` are in the order that currentStage counts. */
  constructor(
    settled: ReadonlyMap<string, SettledNode>,
    nodes: readonly PlannedNode[],
    { currentStage, isGuarded }: Confirmations,
  ) {
    this.#settled = settled;
    this.#passed = confirmedNodes(nodes, currentStage);
    this.#isGuarded = isGuarded;
  }

  turnOf(node: GraphNode): Turn {
    const { needs, on, skip } = node;
    for (const id of needs) {
      const need = this.#settled.get(id);
      if (need === undefined || !isEnded(need.record)) return { turn: 'later' };
    }
    const missed = needs.find((id) => !this.#isMet(id, on?.[id]));
    if (missed !== undefined) return { turn: 'never', why: this.#whyMissed(missed) };
    if (skip !== undefined) return { turn: 'never', why: skip };
    return isHeldUp(node, (id) => this.#isConfirmed(id)) ? { turn: 'later' } : { turn: 'now' };
  }

  /** The nodes that are done and whose missing confirmation holds others up. */
  unconfirmed(): SettledNode[] {
    const all = [...this.#settled.values()];
    const waiting = all.filter(({ state, node }) => state.state === 'not-started' && !isFollowUp(node));
    const needed = new Set(waiting.flatMap(({ node }) => node.needs));
    const holds = (one: SettledNode): boolean =>
      needed.has(one.node.id) && isDone(one) && !this.#isConfirmed(one.node.id);
    return all.filter(holds);
  }

  #isConfirmed(id: string): boolean {
    const need = this.#settled.get(id);
    if (need === undefined || !need.node.policy.requireConfirmation || isConfirmedRecord(need.record))
      return true;
    return this.#passed.has(id) && !this.#isGuarded(need.node);
  }

  #isMet(id: string, end: NeededEnd | undefined): boolean {
    const need = this.#settled.get(id);
    if (need === undefined) return false;
    switch (end) {
      case 'success':
        return need.record.status === 'COMPLETED';
      case 'failure':
        return need.record.status === 'FAILED';
      case 'always':
        return true;
      case undefined:
        return isDone(need);
    }
  }

  #whyMissed(id: string): string {
    const need = this.#settled.get(id);
    return `Step "${need?.node.name ?? id}" ended ${need?.record.status ?? ''}.`;
  }
}
