import type { PlannedNode, WaitNode } from '../graph/graph.ts';
import { node } from '../graph/made-up.ts';
import type { Unfold } from '../unfold/unfold.ts';

/** For tests of the plan: a wait between two runs in one session, and a last one if the first has failed. */
export const timedNodes: Unfold = ({ history, revision }) => {
  const requireConfirmation = (revision.program as { isStage?: boolean } | undefined)?.isStage === true;
  const {
    shell: _,
    agent: __,
    prompt: ___,
    ...bare
  } = node('pause', { needs: ['first'], on: { first: 'always' } });
  const pause: WaitNode = {
    ...bare,
    kind: 'wait',
    wait: { for: 'time', seconds: 60 },
    workspace: { uses: false },
  };
  const nodes: PlannedNode[] = [
    node('first', { policy: { requireConfirmation, onFailure: 'Continue', maxAttempts: 2 } }),
    pause,
    node('again', { needs: ['first', 'pause'], on: { first: 'success' }, session: { from: 'first' } }),
    node('rescue', { needs: ['first'], on: { first: 'failure' } }),
  ];
  return { nodes: history.ended('pause') === undefined ? nodes.slice(0, 2) : nodes };
};
