import type { RunLimits, RunResult, RunUsage } from '#executor-manager/protocol/run';
import { NO_USAGE, addUsage } from '#model-protocols/token-usage';
import type { Clock } from '../clock.ts';
import type { EventSink } from '../events/event-sink.ts';
import { RunFailure } from '../run-failure.ts';
import { SpendingLimit } from './spending-limit.ts';

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
  /** The agent has given its last answer: usage that is told from here on is no further call, but a better count. */
  answered(): void;
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
  readonly #spending: SpendingLimit;
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
    this.#spending = new SpendingLimit(options.limits);
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
    this.#endFor(this.#spending.check(this.totals()));
  }

  cost(model: string, costUSD: number): void {
    this.usage(model, this.#current.get(model)?.usage ?? NO_USAGE, costUSD);
  }

  programCounts(): void {
    this.#programCounts = true;
  }

  /** The tokens of one answer of a model, as its service has counted them. `callsTools`: the agent goes on after it. */
  answer(model: string, usage: RunUsage, callsTools = false): void {
    if (this.#programCounts) return;
    if (callsTools) this.#endFor(this.#spending.goesOn('tool'));
    const known = this.#current.get(model);
    this.usage(model, addUsage(known?.usage ?? NO_USAGE, usage), known?.costUSD);
  }

  turn(): void {
    this.#endFor(this.#spending.goesOn('model'));
    this.#turns += 1;
    const limit = this.#limits.turns;
    if (this.#turns > limit)
      this.#end('TurnLimit', `the agent has called its model ${limit} times, its limit`);
  }

  answered(): void {
    this.#spending.answered();
  }

  /** Why the agent may not begin a further turn of the adapter, if it may not. */
  refusal(): RunFailure | undefined {
    return this.#spending.goesOn('model');
  }

  /** Of limits that the run has gone beyond. */
  warnings(): string[] {
    return this.#spending.warnings();
  }

  toolCall(name: string, input: unknown): void {
    this.#endFor(this.#spending.goesOn('tool'));
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

  #end(reason: 'IdleLimit' | 'Repetition' | 'TurnLimit', message: string): void {
    this.#endFor(new RunFailure(reason, message));
  }

  #endFor(failure: RunFailure | undefined): void {
    if (failure !== undefined) this.#options.onLimit(failure);
  }
}

/** Sums of binary fractions end in noise; no price is finer than a millionth. */
function toMicroDollars(amount: number): number {
  return Math.round(amount * 1e6) / 1e6;
}
