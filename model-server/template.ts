import type { Conversation } from './conversation.ts';
import type { Step } from './script.ts';

const PLACEHOLDER = /\{\{\s*([A-Za-z0-9_]+)\s*\}\}/g;

/** Claude Code and Codex name their folder to the model; file tools want absolute paths. */
const WORKING_DIRECTORY = /^[ \t*-]*(?:Primary w|W)orking directory: (.+)$|<cwd>(.+?)<\/cwd>/m;

/** Replaces `{{name}}` in every text of a step. A name that means nothing here stays as it is written. */
export function fillStep(step: Step, conversation: Conversation, captures: Map<string, string>): Step {
  const values = new Map(captures);
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined && !values.has(name)) values.set(name, value);
  };
  add('prompt', conversation.prompt);
  add('model', conversation.model);
  add('callID', conversation.callID);
  add('turn', String(conversation.turn));
  add('toolResult', conversation.toolResults.at(-1)?.text);
  add('images', conversation.images.join('; '));
  const [, named, tagged] = WORKING_DIRECTORY.exec(conversation.system) ?? [];
  add('cwd', (named ?? tagged)?.trim());
  return fill(step, values) as Step;
}

function fill(value: unknown, values: Map<string, string>): unknown {
  if (typeof value === 'string') {
    return value.replaceAll(PLACEHOLDER, (whole, name: string) => values.get(name) ?? whole);
  }
  if (Array.isArray(value)) return value.map((item) => fill(item, values));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, values)]));
  }
  return value;
}
