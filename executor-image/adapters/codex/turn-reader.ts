import type { RunUsage } from '#executor-manager/protocol/run';
import { RunFailure } from '../../run-failure.ts';
import type { AdapterContext } from '../adapter.ts';
import { callOf, resultOf } from './items.ts';
import type { ThreadItem } from './items.ts';
import { plain, turnFailure } from './turn-failure.ts';
import type { TurnError } from './turn-failure.ts';

type Params = Record<string, unknown>;

export interface TurnEnd {
  status: 'completed' | 'interrupted';
  /** The agent's last words in it. */
  words: string;
}

/** Turns what Codex tells of a thread into events, and into the ends of its turns. */
export interface TurnReader {
  /** Reads a notification; those of other threads are passed over. */
  take(method: string, params: Params): void;
  /** The item with this id, as far as it has come. */
  item(id: string): ThreadItem | undefined;
  /** Whether these words of a person have been put before the model. */
  hasHeard(words: string): boolean;
  /** The beginning of the turn that begins next; it can be steered and interrupted from then on. */
  turnStart(): Promise<void>;
  /** The end of the turn that goes on, or that begins next. Rejects with RunFailure for one that failed. */
  turnEnd(): Promise<TurnEnd>;
}

/** Said of every model that the program does not know, and of a machine that needs no second sandbox. */
const NOISE = /^Model metadata for |bubblewrap|project-local config|are disabled in the following folders/;

export interface TurnReaderOptions {
  context: AdapterContext;
  /** The thread that is read; undefined until it is known. */
  threadId: () => string | undefined;
  model: string;
}

export function createTurnReader(options: TurnReaderOptions): TurnReader {
  return new Reader(options);
}

interface Ending {
  resolve: (end: TurnEnd) => void;
  reject: (failure: RunFailure) => void;
}

class Reader implements TurnReader {
  readonly #options: TurnReaderOptions;
  readonly #items = new Map<string, ThreadItem>();
  readonly #heard = new Set<string>();
  #words = '';
  /** The thread's tokens when the run began: it may have a past. */
  #before: Tokens = NO_TOKENS;
  #hasBegun = false;
  #starting: (() => void) | undefined;
  #ending: Ending | undefined;
  #end: TurnEnd | RunFailure | undefined;

  constructor(options: TurnReaderOptions) {
    this.#options = options;
  }

  take(method: string, params: Params): void {
    const threadId = this.#options.threadId();
    if (typeof params['threadId'] === 'string' && threadId !== undefined && params['threadId'] !== threadId) {
      return;
    }
    this.#options.context.meter.alive();
    try {
      this.#read(method, params);
    } catch (error) {
      // Of another shape than the program's: a newer one, or somebody else's under its name.
      if (!(error instanceof TypeError)) throw error;
      this.#log(`Codex told something that cannot be read: ${method}`);
    }
  }

  item(id: string): ThreadItem | undefined {
    return this.#items.get(id);
  }

  hasHeard(words: string): boolean {
    return this.#heard.has(words);
  }

  turnStart(): Promise<void> {
    return new Promise((resolve) => {
      this.#starting = resolve;
    });
  }

  turnEnd(): Promise<TurnEnd> {
    return new Promise((resolve, reject) => {
      this.#ending = { resolve, reject };
      this.#tellEnd();
    });
  }

  #tellEnd(): void {
    const [end, ending] = [this.#end, this.#ending];
    if (end === undefined || ending === undefined) return;
    this.#end = undefined;
    this.#ending = undefined;
    this.#starting?.(); // one that has failed at once
    if (end instanceof RunFailure) ending.reject(end);
    else ending.resolve(end);
  }

  #read(method: string, params: Params): void {
    const { events } = this.#options.context;
    switch (method) {
      case 'item/agentMessage/delta':
        return events.text('text', textOf(params['delta']));
      case 'item/reasoning/summaryTextDelta':
      case 'item/reasoning/textDelta':
        return events.text('thinking', textOf(params['delta']));
      case 'turn/started':
        this.#hasBegun = true;
        this.#starting?.();
        return;
      case 'item/started':
        return this.#started(params['item'] as ThreadItem);
      case 'item/completed':
        return this.#completed(params['item'] as ThreadItem);
      case 'thread/tokenUsage/updated':
        return this.#counted(params['tokenUsage'] as TokenUsage);
      case 'turn/plan/updated':
        return this.#log(planText(params['plan']));
      case 'error':
        return this.#tried(params);
      case 'warning':
      case 'configWarning':
        return this.#warned(textOf(params['message'] ?? params['summary']));
      case 'mcpServer/startupStatus/updated':
        return this.#serverStatus(params);
      case 'turn/completed':
        return this.#turnCompleted(params['turn'] as { status: string; error: TurnError | null });
      default: // newer programs say more than we know; what matters has its names above
    }
  }

  #log(text: string): void {
    this.#options.context.events.emit('log', { stream: 'agent', text });
  }

  #started(item: ThreadItem): void {
    this.#items.set(item.id, item);
    const call = callOf(item);
    if (call === undefined) return;
    const { events, meter } = this.#options.context;
    events.emit('tool_call', { id: item.id, ...call });
    meter.toolCall(call.name, call.input);
  }

  #completed(item: ThreadItem): void {
    if (item.type === 'agentMessage') this.#words = item.text;
    if (item.type === 'userMessage') for (const { text } of item.content) this.#heard.add(textOf(text));
    if (item.type === 'contextCompaction') this.#log('The conversation so far was summed up.');
    const result = resultOf(item);
    if (result === undefined) return;
    if (!this.#items.has(item.id)) this.#started(item);
    this.#items.delete(item.id);
    this.#options.context.events.emit('tool_result', { id: item.id, ...result });
  }

  #counted({ total, last }: TokenUsage): void {
    const { meter } = this.#options.context;
    if (!this.#hasBegun) {
      this.#before = total;
      return;
    }
    if (last.totalTokens > 0) meter.turn();
    meter.usage(this.#options.model, usageOf(minus(total, this.#before)));
  }

  /** A call of the model that failed and is made again; the end of the turn tells one that is not. */
  #tried({ error, willRetry }: Params): void {
    if (willRetry !== true) return;
    const { message, additionalDetails } = error as TurnError;
    const details = additionalDetails === null ? '' : `: ${plain(additionalDetails)}`;
    this.#log(`The model gave no answer; ${message}${details}`);
  }

  #warned(text: string): void {
    if (text !== '' && !NOISE.test(text)) this.#log(text);
  }

  #serverStatus({ name, status, error }: Params): void {
    if (status !== 'failed') return;
    this.#log(`MCP server ${textOf(name)} cannot be used${error === null ? '' : `: ${textOf(error)}`}`);
  }

  #turnCompleted({ status, error }: { status: string; error: TurnError | null }): void {
    this.#options.context.events.flush();
    this.#end = endOf(status, error, this.#words);
    this.#words = '';
    this.#tellEnd();
  }
}

function endOf(status: string, error: TurnError | null, words: string): TurnEnd | RunFailure {
  if (status === 'completed' || status === 'interrupted') return { status, words };
  if (error !== null) return turnFailure(error);
  return new RunFailure('AgentFailed', `Codex ended its turn with status ${status}`);
}

interface Tokens {
  totalTokens: number;
  /** Those of a cache included. */
  inputTokens: number;
  cachedInputTokens: number;
  cacheWriteInputTokens: number;
  outputTokens: number;
}

interface TokenUsage {
  /** Of the thread since it began. */
  total: Tokens;
  /** Of the last call of the model; zero where its answer was cut off. */
  last: Tokens;
}

const NO_TOKENS: Tokens = {
  totalTokens: 0,
  inputTokens: 0,
  cachedInputTokens: 0,
  cacheWriteInputTokens: 0,
  outputTokens: 0,
};

function minus(a: Tokens, b: Tokens): Tokens {
  return {
    totalTokens: a.totalTokens - b.totalTokens,
    inputTokens: a.inputTokens - b.inputTokens,
    cachedInputTokens: a.cachedInputTokens - b.cachedInputTokens,
    cacheWriteInputTokens: a.cacheWriteInputTokens - b.cacheWriteInputTokens,
    outputTokens: a.outputTokens - b.outputTokens,
  };
}

function usageOf(tokens: Tokens): RunUsage {
  const { inputTokens, cachedInputTokens, cacheWriteInputTokens, outputTokens } = tokens;
  return {
    inputTokens: Math.max(0, inputTokens - cachedInputTokens - cacheWriteInputTokens),
    outputTokens,
    cacheReadTokens: cachedInputTokens,
    cacheWriteTokens: cacheWriteInputTokens,
  };
}

function planText(plan: unknown): string {
  const steps = Array.isArray(plan) ? (plan as { step?: unknown; status?: unknown }[]) : [];
  const marks: Record<string, string> = { completed: 'x', inProgress: '>' };
  return steps.map(({ step, status }) => `[${marks[String(status)] ?? ' '}] ${textOf(step)}`).join('\n');
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
