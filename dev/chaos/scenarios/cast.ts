import type { TeamMember } from '#api/types/generated/team';
import type { Agent, AgentRule } from '../scenario.ts';

/** How the agents of scenarios work, and how they are members of Teams. */

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

export const member = (name: string, more: Partial<TeamMember> = {}): TeamMember => ({
  name,
  botRef: { name },
  ...more,
});

export const leader = (name: string): TeamMember => member(name, { role: 'leader' });

/** One that is told what the one before it has said. */
export const chained = (name: string): TeamMember =>
  member(name, { contextPassing: 'original_and_previous' });

export const ONCE = ['COMPLETED'];
export const TWICE = ['COMPLETED', 'COMPLETED'];

export const json = (value: object): string => JSON.stringify(value);
