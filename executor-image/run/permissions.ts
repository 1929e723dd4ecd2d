import { createHash } from 'node:crypto';
import type {
  PermissionDecision,
  RunAnswer,
  RunPermissions,
  RunQuestion,
  ToolLevel,
} from '#executor-manager/protocol/run';
import type { Clock } from '../clock.ts';
import type { EventSink } from '../events/event-sink.ts';
import { RunSuspended } from '../run-failure.ts';

export interface ToolCall {
  /** As in RunPermissions: `Bash`, `mcp__SERVER__TOOL`. */
  tool: string;
  input: Record<string, unknown>;
  /** Privileged when absent. */
  level?: ToolLevel;
}

export type PermissionAnswer = { behavior: 'allow' } | { behavior: 'deny'; message: string };

export interface Permissions {
  /** Whether a policy is set at all; an adapter need not ask for each call otherwise. */
  readonly asks: boolean;
  /** Whether the agent may use the tool; waits for a person where the policy says so. Rejects with the signal's reason. */
  decide(call: ToolCall, signal: AbortSignal): Promise<PermissionAnswer>;
  /** The answer of a person to a question of the agent. Rejects with the signal's reason. */
  ask(message: string, options: readonly string[], signal: AbortSignal): Promise<string>;
}

const DEFAULT_WAIT_SECONDS = 300;

export interface PermissionDeskOptions {
  policy: RunPermissions | undefined;
  /** Of earlier runs of the node. */
  answers: readonly RunAnswer[];
  /** Whether a run of the same session can go on after this one has ended. */
  canSuspend: boolean;
  runId: string;
  events: Pick<EventSink, 'emit'>;
  clock: Clock;
  /** Nothing is expected from the agent while it waits for a person. */
  onWaiting: (waiting: boolean) => void;
  /** Ends the run: it has waited for a person for long enough. */
  onSuspend: (suspended: RunSuspended) => void;
}

interface Open {
  question: RunQuestion;
  settle: (answer: RunAnswer) => void;
}

/** Judges by the policy, asks people, and remembers what they have answered. */
export class PermissionDesk implements Permissions {
  readonly #options: PermissionDeskOptions;
  readonly #open = new Map<string, Open>();
  readonly #answered = new Set<string>();
  /** The answers that a person has given before, by the call or question; each answer counts once. */
  readonly #known = new Map<string, RunAnswer>();
  #asked = 0;

  constructor(options: PermissionDeskOptions) {
    this.#options = options;
    for (const answer of options.answers) {
      if (answer.question !== undefined) this.#known.set(keyOf(answer.question), answer);
    }
  }

  get asks(): boolean {
    return this.#options.policy !== undefined;
  }

  async decide(call: ToolCall, signal: AbortSignal): Promise<PermissionAnswer> {
    const { tool, input, level = 'privileged' } = call;
    const decision = judge(this.#options.policy, tool, level);
    if (decision === 'allow') return { behavior: 'allow' };
    if (decision === 'deny') return { behavior: 'deny', message: `The policy does not allow ${tool}.` };
    const message = `The agent wants to use ${tool}.`;
    const answer = await this.#answer({ kind: 'Permission', message, tool, level, input }, signal);
    if (answer.decision === 'allow') return { behavior: 'allow' };
    return { behavior: 'deny', message: answer.message ?? 'A person has not allowed it.' };
  }

  async ask(message: string, options: readonly string[], signal: AbortSignal): Promise<string> {
    const choice = options.length === 0 ? {} : { options: [...options] };
    const answer = await this.#answer({ kind: 'Question', message, ...choice }, signal);
    return answer.message ?? '';
  }

  /** The questions that are open. */
  questions(): RunQuestion[] {
    return [...this.#open.values()].map(({ question }) => question);
  }

  /** Takes a person's answer; false for a question that is not open and never was. Idempotent. */
  answer(answer: RunAnswer): boolean {
    const open = this.#open.get(answer.id);
    if (open === undefined) return this.#answered.has(answer.id);
    this.#open.delete(answer.id);
    this.#answered.add(answer.id);
    const { decision, message } = answer;
    this.#options.events.emit('answer', {
      id: answer.id,
      ...(decision && { decision }),
      ...(message && { message }),
    });
    open.settle(answer);
    if (this.#open.size === 0) this.#options.onWaiting(false);
    return true;
  }

  async #answer(asked: Omit<RunQuestion, 'id'>, signal: AbortSignal): Promise<RunAnswer> {
    signal.throwIfAborted();
    const key = keyOf(asked);
    const known = this.#known.get(key);
    if (known !== undefined) {
      this.#known.delete(key);
      return known;
    }
    this.#asked += 1;
    const question: RunQuestion = { id: `${this.#options.runId.slice(0, 8)}-${this.#asked}`, ...asked };
    const cancelWait = this.#suspendLater();
    try {
      return await this.#wait(question, signal);
    } finally {
      cancelWait();
    }
  }

  #wait(question: RunQuestion, signal: AbortSignal): Promise<RunAnswer> {
    return new Promise((resolve, reject) => {
      // Open questions stay open when the run is suspended: whoever goes on with it has their answers.
      const onAbort = (): void => reject(signal.reason as Error);
      signal.addEventListener('abort', onAbort, { once: true });
      const settle = (answer: RunAnswer): void => {
        signal.removeEventListener('abort', onAbort);
        resolve(answer);
      };
      this.#open.set(question.id, { question, settle });
      this.#options.onWaiting(true);
      this.#options.events.emit('request', { ...question });
    });
  }

  #suspendLater(): () => void {
    const { policy, canSuspend, clock, onSuspend } = this.#options;
    if (!canSuspend) return () => undefined;
    const seconds = policy?.waitSeconds ?? DEFAULT_WAIT_SECONDS;
    return clock.after(seconds * 1000, () => onSuspend(new RunSuspended(this.questions())));
  }
}

/** The decision of a policy; everything is allowed where there is none. */
export function judge(
  policy: RunPermissions | undefined,
  tool: string,
  level: ToolLevel,
): PermissionDecision {
  const rule = policy?.rules?.find(({ tool: pattern }) => matches(pattern, tool));
  return rule?.decision ?? policy?.levels?.[level] ?? policy?.default ?? 'allow';
}

/** `*` stands for any text; everything else for itself. */
function matches(pattern: string, tool: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return pattern === tool;
  if (!tool.startsWith(first)) return false;
  const last = rest.pop() ?? '';
  let at = first.length;
  for (const part of rest) {
    const found = tool.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return tool.length - last.length >= at && tool.endsWith(last);
}

/** Tells whether a question was asked before: the same call with the same input. */
function keyOf({ kind, message, tool, input }: Omit<RunQuestion, 'id'>): string {
  const text = kind === 'Permission' ? JSON.stringify([tool, input]) : message;
  return createHash('sha256').update(`${kind} ${text}`).digest('hex');
}
