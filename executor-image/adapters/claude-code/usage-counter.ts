import type { RunUsage } from '#executor-manager/protocol/run';
import { NO_USAGE, addUsage } from '#model-protocols/token-usage';
import type { RunMeter } from '../../run/run-meter.ts';
import type { ModelUsage, ResultMessage, WireUsage } from './stream-messages.ts';

interface Call {
  model: string;
  usage: RunUsage;
}

/**
 * Counts by what the program says. Calls count as they come, so that a run that is cut off has its usage; each result
 * then says what was really used up, agents of the agent and compactions included, and takes the place of the calls.
 */
export class UsageCounter {
  readonly #meter: Pick<RunMeter, 'usage'>;
  /** By results, by model. */
  readonly #settled = new Map<string, RunUsage & { costUSD: number }>();
  /** Since the last result: by the id of the answer, and their sums by model. */
  readonly #calls = new Map<string, Call>();
  readonly #sums = new Map<string, RunUsage>();

  constructor(meter: Pick<RunMeter, 'usage'>) {
    this.#meter = meter;
  }

  /** A call has begun; told with its end. */
  begin(id: string, model: string, usage: WireUsage = {}): void {
    if (this.#calls.has(id)) return;
    this.#calls.set(id, { model, usage: NO_USAGE });
    this.#update(id, usage);
  }

  /** The end of a call; nothing when a result has settled it already. */
  end(id: string, usage: WireUsage = {}): void {
    const call = this.#update(id, usage);
    if (call !== undefined) this.#tell(call.model);
  }

  /** An agent of the agent tells its calls whole; the number of tokens that they put out comes with the result only. */
  whole(id: string, model: string, usage: WireUsage = {}): void {
    if (this.#calls.has(id)) return;
    this.begin(id, model, usage);
    this.#tell(model);
  }

  result({ model_usage_since_last_result: used }: ResultMessage): void {
    if (used === undefined) return;
    this.#calls.clear();
    this.#sums.clear();
    for (const [model, part] of Object.entries(used)) {
      const { costUSD, ...usage } = this.#settled.get(model) ?? { ...NO_USAGE, costUSD: 0 };
      this.#settled.set(model, {
        ...addUsage(usage, tokensOf(part)),
        costUSD: costUSD + (part.costUSD ?? 0),
      });
    }
    for (const model of this.#settled.keys()) this.#tell(model);
  }

  /** Tells of calls that have no end. */
  close(): void {
    for (const model of this.#sums.keys()) this.#tell(model);
  }

  /** The end of an answer repeats some of the numbers of its beginning, or none of them. */
  #update(id: string, usage: WireUsage): Call | undefined {
    const call = this.#calls.get(id);
    if (call === undefined) return undefined;
    const now = { ...call.usage, ...fieldsOf(usage) };
    const others = difference(this.#sums.get(call.model) ?? NO_USAGE, call.usage);
    this.#sums.set(call.model, addUsage(others, now));
    call.usage = now;
    return call;
  }

  #tell(model: string): void {
    const { costUSD, ...settled } = this.#settled.get(model) ?? { ...NO_USAGE, costUSD: undefined };
    this.#meter.usage(model, addUsage(settled, this.#sums.get(model) ?? NO_USAGE), costUSD);
  }
}

function fieldsOf(usage: WireUsage): Partial<RunUsage> {
  const fields = {
    inputTokens: usage.input_tokens,
    outputTokens: usage.output_tokens,
    cacheReadTokens: usage.cache_read_input_tokens,
    cacheWriteTokens: usage.cache_creation_input_tokens,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => typeof value === 'number'));
}

function tokensOf(usage: ModelUsage): RunUsage {
  return {
    inputTokens: usage.inputTokens ?? 0,
    outputTokens: usage.outputTokens ?? 0,
    cacheReadTokens: usage.cacheReadInputTokens ?? 0,
    cacheWriteTokens: usage.cacheCreationInputTokens ?? 0,
  };
}

function difference(a: RunUsage, b: RunUsage): RunUsage {
  return {
    inputTokens: a.inputTokens - b.inputTokens,
    outputTokens: a.outputTokens - b.outputTokens,
    cacheReadTokens: a.cacheReadTokens - b.cacheReadTokens,
    cacheWriteTokens: a.cacheWriteTokens - b.cacheWriteTokens,
  };
}
