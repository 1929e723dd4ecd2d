import type { CollaborationSpec } from '#api/types/generated/collaboration';
import type { TaskSpec } from '#api/types/generated/task';
import type { TeamSpec } from '#api/types/generated/team';

/** A way in which a Team works, with agents whose every word is scripted, and how it has to end whatever happens meanwhile. */
export interface Scenario {
  /** Name of the Team; a DNS label. */
  name: string;
  /** The agents by name; a member of the Team names one of them as its Bot. */
  agents: Readonly<Record<string, Agent>>;
  team: TeamSpec;
  /** The workflow that the Team works by; it has the name of the Team. */
  workflow?: CollaborationSpec;
  /** More of each Task. */
  task?: Partial<TaskSpec>;
  /** What a person says when the Task has ended for the first time. */
  followUp?: string;
  expected: (task: string) => Expectation;
}

export interface Agent {
  shell: 'Chat' | 'ClaudeCode';
  /** Its answers, by rules of the scripted model that hold for this agent only. `{{task}}` is the name of the Task. */
  rules: readonly AgentRule[];
}

/** A rule as docs/model-server.md has it. */
export interface AgentRule {
  when?: Record<string, unknown>;
  steps: readonly Record<string, unknown>[];
}

export interface Expectation {
  status: 'COMPLETED' | 'FAILED' | 'CANCELLED';
  /** The result. */
  value?: string;
  /** Stands in the message of one that has failed. */
  message?: string;
  /** The ends of the nodes, by their titles. */
  steps: Readonly<Record<string, readonly string[]>>;
  /** Titles of steps that have no effect, though they end well. */
  withoutEffect?: readonly string[];
}

/** The tool whose every call leaves a line in the log of the tool server. */
const NOTE = 'mcp__effects__note';

/** The agent does the thing that cannot be undone, once, as the step `step`. */
export function effect(step: string): Record<string, unknown> {
  return { toolCall: { name: NOTE, input: { task: '{{task}}', step, by: '{{callID}}' } } };
}

/** Slowly enough for troubles to come in between. */
const SLOWLY = { delay: '300ms', chunkDelay: '60ms' };

/** The steps of one that does its thing as the step `step` and then says `reply`. */
export function worked(step: string, reply: string): AgentRule['steps'] {
  return [
    { ...effect(step), delay: '200ms' },
    { reply, ...SLOWLY },
  ];
}

/** One that does its thing, thinks and says `what` for which Task. */
export function worker(step: string, what: string, shell: Agent['shell'] = 'Chat'): Agent {
  return { shell, rules: [{ steps: worked(step, said(what, '{{task}}')) }] };
}

/** The words of such a worker. Whoever reads them knows the Task. */
export function said(what: string, task: string): string {
  return `I think about it for a while. ${what} for [[${task}]].`;
}
