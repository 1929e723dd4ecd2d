import { isRunNode } from '../graph/graph.ts';
import type { PlannedNode } from '../graph/graph.ts';
import type { World } from './world.ts';

/** For tests of the plan: people who answer and decide, and what they have said, whatever became of the objects. */
export class People {
  readonly #world: World;
  /** Names of Approvals. */
  readonly approved = new Set<string>();
  /** Ids of questions that were decided by Approvals. */
  readonly decided = new Set<string>();
  /** Ids of questions that were answered in the Task itself. */
  readonly answered = new Set<string>();

  constructor(world: World) {
    this.#world = world;
  }

  /** All that the Task asks at this moment. */
  answer(): void {
    for (const { id } of this.#world.task().status?.questions ?? []) this.answered.add(id);
    this.#world.answerAll();
  }

  decide(how: 'approve' | 'reject', which: number): void {
    const open = this.#world.openApprovals();
    const approval = open[which % Math.max(open.length, 1)];
    if (approval === undefined) return;
    const { name } = approval.metadata;
    const { questionId } = approval.spec;
    if (questionId !== undefined) this.decided.add(questionId);
    if (how === 'approve') this.approved.add(name);
    const decision = how === 'approve' ? 'Approved' : 'Rejected';
    this.#world.decide(name, { phase: 'Decided', decision, decidedBy: { name: 'ann' } });
  }

  approveAll(): void {
    while (this.#world.openApprovals().length > 0) this.decide('approve', 0);
  }

  /** Somebody deletes an Approval. */
  remove(which: number): void {
    const all = this.#world.approvals();
    const name = all[which % Math.max(all.length, 1)]?.metadata.name;
    if (name !== undefined) this.#world.removeApproval(name);
  }
}

/** Whether nothing but an Approval counts. */
export const isGuardedNode = (node: PlannedNode | undefined): boolean =>
  node !== undefined && isRunNode(node) && node.approval !== undefined;
