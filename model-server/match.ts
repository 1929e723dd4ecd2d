import { RE2JS } from 're2js';
import type { Conversation } from './conversation.ts';
import type { Condition, Rule, Script, Step } from './script.ts';
import { fillStep } from './template.ts';

export interface Match {
  rule: string;
  step: Step;
}

/** Finds the answers of one script; remembers how often each rule was used. */
export interface Matcher {
  /** The answer to this request, its templates filled; undefined when no rule matches. */
  answer(conversation: Conversation): Match | undefined;
}

export function createMatcher(script: Script): Matcher {
  const used = new Map<Rule, number>();
  return {
    answer(conversation) {
      for (const rule of script.rules) {
        const count = used.get(rule) ?? 0;
        if (rule.times !== undefined && count >= rule.times) continue;
        const captures = holds(rule.when, conversation);
        if (captures === undefined) continue;
        used.set(rule, count + 1);
        const step = rule.steps[Math.min(conversation.turn, rule.steps.length) - 1];
        if (step === undefined) continue;
        return { rule: rule.name, step: restOf(fillStep(step, conversation, captures), conversation.said) };
      }
      return undefined;
    },
  };
}

/** The part of the answer that the client does not have yet. */
function restOf(step: Step, said: string): Step {
  if (said === '' || step.reply?.startsWith(said) !== true) return step;
  return { ...step, reply: step.reply.slice(said.length) };
}

/** The captured groups by number and name when the condition holds, else undefined. */
function holds(when: Condition, conversation: Conversation): Map<string, string> | undefined {
  const last = conversation.toolResults.at(-1);
  const facts = [
    when.contains?.every((text) => conversation.prompt.includes(text)),
    when.lastRole === undefined ? undefined : when.lastRole === conversation.lastRole,
    when.turn === undefined ? undefined : when.turn === conversation.turn,
    when.tool === undefined ? undefined : when.tool === last?.name,
    when.hasToolResult === undefined ? undefined : when.hasToolResult === (last !== undefined),
    when.toolResult?.every((text) => last?.text.includes(text) ?? false),
    when.toolFailed === undefined ? undefined : when.toolFailed === last?.isError,
    when.system?.every((text) => conversation.system.includes(text)),
    when.model === undefined ? undefined : conversation.model.includes(when.model),
    when.hasImage === undefined ? undefined : when.hasImage === conversation.images.length > 0,
    when.image?.every((text) => conversation.images.some((image) => image.includes(text))),
    when.offersTool === undefined ? undefined : conversation.tools.includes(when.offersTool),
  ];
  if (facts.includes(false)) return undefined;
  return when.matches === undefined ? new Map() : capture(when.matches, conversation.prompt);
}

function capture(pattern: string, text: string): Map<string, string> | undefined {
  // RE2 has no backtracking: a script cannot make the server hang on a long prompt.
  const compiled = RE2JS.compile(pattern);
  const matcher = compiled.matcher(text);
  if (!matcher.find()) return undefined;
  const captures = new Map<string, string>();
  for (let group = 0; group <= matcher.groupCount(); group++) {
    captures.set(String(group), matcher.group(group) ?? '');
  }
  for (const [name, group] of Object.entries(compiled.namedGroups())) {
    captures.set(name, captures.get(String(group)) ?? '');
  }
  return captures;
}
