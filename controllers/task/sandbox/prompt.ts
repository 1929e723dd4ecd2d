import { cutAnswer } from '../answer.ts';
import type { RunNode } from '../graph/graph.ts';
import { withParameters } from './parameter-text.ts';

export interface PromptSources {
  /** The prompt of the Task. */
  taskPrompt: string;
  /** Of the Task, by name; undefined where its Team takes none. */
  parameters?: Record<string, unknown> | undefined;
  /** The answer of a node; empty when there is none. */
  answerOf: (node: string) => string;
}

/**
 * The prompt for the agent of a node: the member's own instructions first, then the prompt of the Task, further words and
 * the answers of other nodes, as the graph says. One that would be asked nothing at all gets the Task's prompt.
 */
export function nodePrompt({ prompt, inputs }: RunNode, sources: PromptSources): string {
  const { parameters, answerOf } = sources;
  // Only the words of the Team and of the Task have places for parameters: answers of agents have none.
  const taskPrompt = withParameters(sources.taskPrompt, parameters);
  const asked = [
    ...(prompt === undefined ? [] : [withParameters(prompt, parameters)]),
    ...(inputs.taskPrompt ? [taskPrompt] : []),
    ...(inputs.text === undefined ? [] : [inputs.text]),
  ];
  const answers = inputs.results
    .map(({ from, label }) => ({ label, answer: answerOf(from) }))
    .filter(({ answer }) => answer !== '');
  const share = Math.floor(roomForAnswers(asked) / Math.max(1, answers.length));
  const parts = [...asked, ...answers.map(({ label, answer }) => `${label}:\n${cutAnswer(answer, share)}`)];
  return parts.length === 0 ? taskPrompt : parts.join('\n\n');
}

/** A request to the API has at most 3 MiB, of which a Sandbox needs some for itself. */
const PROMPT_BYTES = 2.25 * 1024 * 1024;
const LEAST_BYTES = 64 * 1024;

function roomForAnswers(asked: readonly string[]): number {
  const used = asked.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return Math.max(LEAST_BYTES, PROMPT_BYTES - used);
}
