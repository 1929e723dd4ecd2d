import type { GraphNode, NeededEnd } from '../graph/graph.ts';
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

/** Whose turn it is, by the ends of the nodes. */
export class Readiness {
  readonly #settled: ReadonlyMap<string, SettledNode>;
  readonly #confirmed: ReadonlySet<string>;

  /** `settled` may change; `nodes` are in the order that currentStage counts. */
  constructor(
    settled: ReadonlyMap<string, SettledNode>,
    nodes: readonly GraphNode[],
    currentStage: number | undefined,
  ) {
    this.#settled = settled;
    const free = nodes.filter(({ policy }) => !policy.requireConfirmation).map(({ id }) => id);
    this.#confirmed = new Set([...free, ...confirmedNodes(nodes, currentStage)]);
  }

  turnOf({ needs, on, skip }: GraphNode): Turn {
    for (const id of needs) {
      const need = this.#settled.get(id);
      if (need === undefined || !isEnded(need.record)) return { turn: 'later' };
    }
    const missed = needs.find((id) => !this.#isMet(id, on?.[id]));
    if (missed !== undefined) return { turn: 'never', why: this.#whyMissed(missed) };
    if (skip !== undefined) return { turn: 'never', why: skip };
    return needs.every((id) => this.#confirmed.has(id)) ? { turn: 'now' } : { turn: 'later' };
  }

  /** The first node that is done and whose missing confirmation holds others up. */
  unconfirmed(): string | undefined {
    const all = [...this.#settled.values()];
    const waiting = all.filter(({ state }) => state.state === 'not-started');
    const needed = new Set(waiting.flatMap(({ node }) => node.needs));
    const holds = (one: SettledNode): boolean =>
      needed.has(one.node.id) && isDone(one) && !this.#confirmed.has(one.node.id);
    return all.find(holds)?.node.id;
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
