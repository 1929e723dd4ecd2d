import type { TeamMember } from '#api/types/generated/team';
import type { GraphNode, NodeInputs } from './graph.ts';
import { stageNode } from './stages.ts';

/** The facts that a chain needs about one who works in it. */
export interface Link {
  name: string;
  /** The context that the next one is given. */
  contextPassing: NonNullable<TeamMember['contextPassing']>;
  requireConfirmation: boolean;
}

/** One after the other, on one workspace: each part gets the node that needs the one before. */
export function chain<T>(parts: readonly T[], linkOf: (part: T) => Link): (GraphNode & { part: T })[] {
  let previous: { id: string; link: Link } | undefined;
  return parts.map((part, index) => {
    const id = stageNode(index);
    const link = linkOf(part);
    const node = {
      id,
      name: link.name,
      needs: previous === undefined ? [] : [previous.id],
      inputs: inputsOf(previous),
      policy: { requireConfirmation: link.requireConfirmation, onFailure: 'FailTask' as const },
      workspace: previous === undefined ? {} : { from: previous.id },
      part,
    };
    previous = { id, link };
    return node;
  });
}

/** The first is told the Task's prompt, a later one whatever contextPassing of the one before says. */
function inputsOf(previous: { id: string; link: Link } | undefined): NodeInputs {
  if (previous === undefined) return { taskPrompt: true, results: [] };
  const { id, link } = previous;
  const result = { from: id, label: `Result of the step before, ${link.name}` };
  switch (link.contextPassing) {
    case 'none':
      return { taskPrompt: false, results: [] };
    case 'original_user':
      return { taskPrompt: true, results: [] };
    case 'previous_bot':
      return { taskPrompt: false, results: [result] };
    case 'original_and_previous':
      return { taskPrompt: true, results: [result] };
  }
}
