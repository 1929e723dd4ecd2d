import type { PlannedNode } from '../graph/graph.ts';

export interface PromptSources {
  /** The prompt of the Task. */
  taskPrompt: string;
  /** The answer of a node; empty when there is none. */
  answerOf: (node: string) => string;
}

/**
 * The prompt for the agent of a node: the member's own instructions first, then the prompt of the Task and the
 * answers of other nodes, as the graph says. One that would be asked nothing at all gets the Task's prompt.
 */
export function nodePrompt({ prompt, inputs }: PlannedNode, { taskPrompt, answerOf }: PromptSources): string {
  const answers = inputs.results.flatMap(({ from, label }) => {
    const answer = answerOf(from);
    return answer === '' ? [] : [`${label}:\n${answer}`];
  });
  const parts = [
    ...(prompt === undefined ? [] : [prompt]),
    ...(inputs.taskPrompt ? [taskPrompt] : []),
    ...answers,
  ];
  return parts.length === 0 ? taskPrompt : parts.join('\n\n');
}
