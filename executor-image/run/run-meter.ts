import type { RunLimits, RunResult, RunUsage } from '#executor-manager/protocol/run';
import { NO_USAGE, addUsage, allTokens } from '#model-protocols/token-usage';
import type { Clock } from '../clock.ts';
import type { EventSink } from '../events/event-sink.ts';
import { RunFailure } from '../run-failure.ts';

/** Told by an adapter what its agent does and uses up. */
export interface RunMeter {
  /**
   * The tokens that a model has counted in this turn of the adapter so far: sums, not the tokens of one call. The cost in
   * US dollars where the program knows it.
   */
  usage(model: string, usage: RunUsage, costUSD?: number): void;
  /** Notes the cost of `model` in this turn of the adapter so far, of a program that tells no tokens. */
  cost(model: string, costUSD: number): void;
  /** The program tells its tokens itself (`usage`), so that those of its Model's answers are not counted a second time. */
  programCounts(): void;
  /** The agent has called its model once more. */
  turn(): void;
  /** The agent uses a tool; equal calls in a row are counted. */
  toolCall(name: string, input: unknown): void;
  /** A sign of life that is no event, such as a byte of the model's answer. Events are signs of life by themselves. */
  alive(): void;
}

/** An agent that works for hours reaches it; one that goes round in circles reaches it too. */
const DEFAULT_TURNS = 1000;
/** Above the longest pause that services make before the first byte of an answer. */
const DEFAULT_IDLE_SECONDS = 900;
const DEFAULT_REPEATED_CALLS = 25;

export interface MeterOptions {
  limits: RunLimits | undefined;
  events: Pick<EventSink, 'emit'>;
  clock: Clock;
  /** Ends the run for a limit that was reached. */
  onLimit: (failure: RunFailure) => void;
}

type Totals = Pick<RunResult, 'usage' | 'costUSD' | 'models' | 'turns'>;

interface ModelUse {
  usage: RunUsage;
  costUSD: number | undefined;
}

/** Counts over all turns of the adapter, tells the log, and ends the run at its limits. */
export class Meter implements RunMeter {
  readonly #options: MeterOptions;
  readonly #limits: Required<Pick<RunLimits, 'turns' | 'idleSeconds' | 'repeatedCalls'>>;
  /** Of the turns of the adapter that are over, by model. */
  readonly #before = new Map<string, ModelUse>();
  readonly #current = new Map<string, ModelUse>();
  #programCounts = false;
  #turns = 0;
  #lastCall = '';
  #repeated = 0;
  #cancelIdle: (() => void) | undefined;
  #idleFrom: number | undefined;

  constructor(options: MeterOptions) {
    const { turns, idleSeconds, repeatedCalls } = options.limits ?? {};
    this.#options = options;
    this.#limits = {
      turns: turns ?? DEFAULT_TURNS,
      idleSeconds: idleSeconds ?? DEFAULT_IDLE_SECONDS,
      repeatedCalls: repeatedCalls ?? DEFAULT_REPEATED_CALLS,
    };
  }

  usage(model: string, usage: RunUsage, costUSD?: number): void {
    this.#current.set(model, { usage: { ...usage }, costUSD });
    const total = this.#totalOf(model);
    const cost = total.costUSD === undefined ? {} : { costUSD: total.costUSD };
    this.#options.events.emit('usage', { ...total.usage, ...cost, model });
    this.#checkUse();
  }

  #checkUse(): void {
    const { costUSD: mostCost, tokens: mostTokens } = this.#options.limits ?? {};
    const { costUSD: spent, usage } = this.totals();
    if (mostCost !== undefined && spent !== undefined && spent > mostCost) {
      this.#end('CostLimit', `the run has cost $${spent}; its limit is $${mostCost}`);
    }
    const used = usage === undefined ? 0 : allTokens(usage);
    if (mostTokens !== undefined && used > mostTokens) {
      this.#end('TokenLimit', `the run has used up ${used} tokens; its limit is ${mostTokens}`);
    }
  }

  cost(model: string, costUSD: number): void {
    this.usage(model, this.#current.get(model)?.usage ?? NO_USAGE, costUSD);
  }

  programCounts(): void {
    this.#programCounts = true;
  }

  /** The tokens of one answer of a model, as its service has counted them. */
  answer(model: string, usage: RunUsage): void {
    if (this.#programCounts) return;
    const known = this.#current.get(model);
    this.usage(model, addUsage(known?.usage ?? NO_USAGE, usage), known?.costUSD);
  }

  turn(): void {
    this.#turns += 1;
    const limit = this.#limits.turns;
    if (this.#turns > limit)
      this.#end('TurnLimit', `the agent has called its model ${limit} times, its limit`);
  }

  toolCall(name: string, input: unknown): void {
    const call = `${name} ${JSON.stringify(input)}`;
    this.#repeated = call === this.#lastCall ? this.#repeated + 1 : 1;
    this.#lastCall = call;
    const limit = this.#limits.repeatedCalls;
    if (this.#repeated > limit) {
      this.#end('Repetition', `the agent has called ${name} ${limit} times in a row with the same input`);
    }
  }

  alive(): void {
    this.#idleFrom = this.#options.clock.elapsed();
  }

  /** From here on the agent has to show signs of life. */
  watchIdle(): void {
    this.alive();
    this.#wait(this.#limits.idleSeconds * 1000);
  }

  /** Nothing is expected from the agent: it waits for a person, or has ended. */
  stopIdle(): void {
    this.#cancelIdle?.();
    this.#cancelIdle = undefined;
  }

  /** The adapter's turn is over; the next one counts from 0. */
  closeTurn(): void {
    for (const model of this.#current.keys()) this.#before.set(model, this.#totalOf(model));
    this.#current.clear();
  }

  /** The sums so far; fields of which nothing is known are absent. */
  totals(): Totals {
    const names = [...new Set([...this.#before.keys(), ...this.#current.keys()])];
    const all = names.map((name) => [name, this.#totalOf(name)] as const);
    if (all.length === 0) return this.#turns === 0 ? {} : { turns: this.#turns };
    const costs = all.flatMap(([, { costUSD }]) => (costUSD === undefined ? [] : [costUSD]));
    const models = all.map(([name, { usage, costUSD }]) => [
      name,
      { ...usage, ...(costUSD === undefined ? {} : { costUSD }) },
    ]);
    return {
      usage: all.map(([, { usage }]) => usage).reduce(addUsage),
      ...(costs.length === 0 ? {} : { costUSD: toMicroDollars(costs.reduce((a, b) => a + b)) }),
      models: Object.fromEntries(models) as Totals['models'] & object,
      ...(this.#turns === 0 ? {} : { turns: this.#turns }),
    };
  }

  #totalOf(model: string): ModelUse {
    const parts = [this.#before.get(model), this.#current.get(model)].filter((part) => part !== undefined);
    const costs = parts.flatMap(({ costUSD }) => (costUSD === undefined ? [] : [costUSD]));
    return {
      usage: parts.map(({ usage }) => usage).reduce(addUsage, NO_USAGE),
      costUSD: costs.length === 0 ? undefined : toMicroDollars(costs.reduce((a, b) => a + b)),
    };
  }

  /** One timer however many signs of life there are: it looks how long ago the last one was. */
  #wait(ms: number): void {
    this.stopIdle();
    this.#cancelIdle = this.#options.clock.after(ms, () => {
      const limitMs = this.#limits.idleSeconds * 1000;
      const silent = this.#options.clock.elapsed() - (this.#idleFrom ?? 0);
      if (silent < limitMs) return this.#wait(limitMs - silent);
      this.#end('IdleLimit', `the agent gave no sign of life for ${this.#limits.idleSeconds} s`);
    });
  }

  #end(reason: 'CostLimit' | 'IdleLimit' | 'Repetition' | 'TokenLimit' | 'TurnLimit', message: string): void {
    this.#options.onLimit(new RunFailure(reason, message));
  }
}

/** Sums of binary fractions end in noise; no price is finer than a millionth. */
function toMicroDollars(amount: number): number {
  return Math.round(amount * 1e6) / 1e6;
}
