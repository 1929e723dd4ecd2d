import { chain } from './chain.ts';
import type { Link } from './chain.ts';
import type { ActionNode, GraphNode, PlannedNode, RunNode } from './graph.ts';

/** Graphs for tests. */

/** The fields that are left out do not matter for the plan. */
type MemberOfChain = Partial<Link> & Pick<PlannedNode, 'name'> & { prompt?: string };

const WORKER = {
  shell: { type: 'ClaudeCode' },
  policy: { requireConfirmation: false, onFailure: 'FailTask' },
  inputs: { taskPrompt: true, results: [] },
} as const;

export function node(id: string, more: Partial<RunNode> = {}): RunNode {
  return {
    id,
    name: id,
    needs: [],
    ...WORKER,
    workspace: { uses: true },
    agent: { botName: `${id}-bot` },
    ...more,
  };
}

export function action(id: string, more: Partial<ActionNode> = {}): ActionNode {
  const { policy } = WORKER;
  return {
    ...{ kind: 'action', id, name: id, needs: [], policy, inputs: { taskPrompt: false, results: [] } },
    action: { script: { run: 'true' } },
    workspace: { uses: true },
    ...more,
  };
}

/** The nodes of a pipeline. */
export function line(...members: MemberOfChain[]): RunNode[] {
  const linkOf = ({ name, contextPassing, requireConfirmation }: MemberOfChain): Link => ({
    name,
    contextPassing: contextPassing ?? 'previous_bot',
    requireConfirmation: requireConfirmation ?? false,
  });
  return chain(members, linkOf).map(chainNode);
}

function chainNode({ part, ...rest }: GraphNode & { part: MemberOfChain }): RunNode {
  return node(rest.id, {
    ...rest,
    workspace: { ...rest.workspace, uses: true },
    agent: { botName: `${part.name}-bot` },
    ...(part.prompt === undefined ? {} : { prompt: part.prompt }),
  });
}
