import type { RunLimits, RunUsage } from '#executor-manager/protocol/run';
import { allTokens } from '#model-protocols/token-usage';
import { RunFailure } from '../run-failure.ts';

/** What a run has used up so far; absent where nobody knows. */
interface Spent {
  usage?: RunUsage;
  costUSD?: number;
}

interface Exceeded {
  failure: RunFailure;
  /** Tokens, or US dollars, at which it was noticed. */
  at: number;
}

/**
 * The limits of tokens and of cost. They are noticed when a call of the model has been paid for, so an answer that is whole
 * by then counts: the limit ends what would come next, which is a further call of the model or a tool of that answer.
 */
export class SpendingLimit {
  readonly #limits: Pick<RunLimits, 'costUSD' | 'tokens'>;
  #exceeded: Exceeded | undefined;
  /** The last answer has called a tool, so that the agent goes on after it. */
  #calledTool = false;
  /** The agent has ended; programs then correct their counts. */
  #answered = false;

  constructor(limits: Pick<RunLimits, 'costUSD' | 'tokens'> = {}) {
    this.#limits = limits;
  }

  /** The agent goes on. @returns why it may not */
  goesOn(by: 'model' | 'tool'): RunFailure | undefined {
    this.#answered = false;
    if (by === 'tool') this.#calledTool = true;
    return this.#exceeded?.failure;
  }

  answered(): void {
    this.#answered = true;
  }

  /** @returns why the run has to end at once; undefined below the limit, and when its answer may be the last one */
  check(spent: Spent): RunFailure | undefined {
    const exceeded = this.#check(spent);
    const goesOn = this.#calledTool && !this.#answered;
    this.#calledTool = false;
    if (exceeded === undefined) return undefined;
    const before = this.#exceeded;
    this.#exceeded = exceeded;
    const grows =
      before !== undefined && before.failure.reason === exceeded.failure.reason && exceeded.at > before.at;
    return goesOn || (grows && !this.#answered) ? exceeded.failure : undefined;
  }

  /** For an answer that has counted although it was beyond the limit. */
  warnings(): string[] {
    const message = this.#exceeded?.failure.message;
    return message === undefined ? [] : [`Beyond a limit, and done: ${message}.`];
  }

  #check({ usage, costUSD }: Spent): Exceeded | undefined {
    const { costUSD: mostCost, tokens: mostTokens } = this.#limits;
    if (mostCost !== undefined && costUSD !== undefined && costUSD > mostCost) {
      const message = `the run has cost $${costUSD}; its limit is $${mostCost}`;
      return { failure: new RunFailure('CostLimit', message), at: costUSD };
    }
    const tokens = usage === undefined ? 0 : allTokens(usage);
    if (mostTokens === undefined || tokens <= mostTokens) return undefined;
    const message = `the run has used up ${tokens} tokens; its limit is ${mostTokens}`;
    return { failure: new RunFailure('TokenLimit', message), at: tokens };
  }
}
