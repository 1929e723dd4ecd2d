import type { Revision } from '../../revision/revision.ts';
import { memberOf } from './member-run.ts';

/** A member as a leader is told of it. */
export interface RosterEntry {
  name: string;
  /** The words of the Team about it. */
  description?: string;
}

/** Those who can work: one whose Bot was not ready when the Task started is not among them. */
export function presentNames(revision: Revision, roster: readonly RosterEntry[]): string[] {
  return roster.map(({ name }) => name).filter((name) => memberOf(revision, name) !== undefined);
}

/** One line for each member who can work: its name, and what it is good at. */
export function rosterText(revision: Revision, roster: readonly RosterEntry[]): string {
  return roster.flatMap((entry) => line(revision, entry)).join('\n');
}

function line(revision: Revision, { name, description }: RosterEntry): string[] {
  const who = memberOf(revision, name);
  if (who === undefined) return [];
  const about = description ?? firstWords(who.agent.systemPrompt ?? who.prompt ?? '');
  return [about === '' ? `- ${name}` : `- ${name}: ${about}`];
}

const MOST_CHARACTERS = 300;

/** The first paragraph of a system prompt, in one line. */
function firstWords(prompt: string): string {
  const [paragraph = ''] = prompt.trim().split(/\n\s*\n/, 1);
  const text = paragraph.replace(/\s+/g, ' ');
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS - 1)}…`;
}
