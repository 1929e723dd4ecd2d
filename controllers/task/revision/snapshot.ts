import type { SandboxAgent, SandboxModel, SandboxShell } from '#api/types/generated/sandbox';
import type { TaskSnapshot } from '#api/types/generated/task';
import { chain } from '../graph/chain.ts';
import type { Link } from '../graph/chain.ts';
import type { GraphNode, RunNode } from '../graph/graph.ts';
import type { Revision } from './revision.ts';

/** The record of a step in versions before graphs, in a list whose order was the plan. */
interface PlannedStep extends Link {
  prompt?: string;
  usesWorkspace: boolean;
  shell: SandboxShell;
  agent: SandboxAgent;
  model?: SandboxModel;
}

interface StoredSnapshot extends Omit<Revision, 'name' | 'nodes'> {
  steps: PlannedStep[];
}

/** Reads the status of a Task that was started by a version without TaskRevisions; its steps become a chain. */
export function readSnapshot(stored: TaskSnapshot | undefined): Revision | undefined {
  if (stored?.steps === undefined) return undefined;
  const { steps, teamRef, mode, workspace, prompt } = stored as unknown as StoredSnapshot;
  return {
    teamRef,
    mode,
    ...(workspace === undefined ? {} : { workspace }),
    ...(prompt === undefined ? {} : { prompt }),
    nodes: chain(steps, (step) => step).map(plannedNode),
  };
}

function plannedNode({ part, ...node }: GraphNode & { part: PlannedStep }): RunNode {
  const { prompt, usesWorkspace, shell, agent, model } = part;
  return {
    ...node,
    workspace: { ...node.workspace, uses: usesWorkspace },
    ...(prompt === undefined ? {} : { prompt }),
    shell,
    agent,
    ...(model === undefined ? {} : { model }),
  };
}
