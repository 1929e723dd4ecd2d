import type { Clock } from '../../machinery/clock.ts';
import { describeError } from '../../machinery/logger.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { Counter, Meter } from '../../machinery/meter.ts';
import type { Sink, SinkMode } from './sink.ts';

export interface EventQueueOptions {
  /** `log` or `webhook`: for figures and messages. */
  name: string;
  mode: SinkMode;
  /** Hands events over, in their order; called for one batch at a time. */
  deliver: (events: readonly string[]) => Promise<void>;
  /** Events in a batch at most. */
  batchSize: number;
  /** How long the first event of a batch waits for others, in milliseconds; in mode `batch` only. */
  batchWaitMs: number;
  /** How long to wait after each failure before the same batch is tried again; it is dropped after the last. */
  retryMs: readonly number[];
  /** Ends the destination; after the last delivery. */
  end?: () => Promise<void>;
  clock: Clock;
  logger: Logger;
  meter: Meter;
}

/** The number of events that may wait, as in kube-apiserver; and of their characters, since events differ in size. */
const MOST_EVENTS = 10_000;
const MOST_CHARACTERS = 64 * 1024 * 1024;
const CLOSE_MS = 5000;

interface Waiting {
  event: string;
  /** Absent in mode `batch`. */
  done?: (kept: boolean) => void;
}

/** A sink with a bounded buffer. Events that do not fit or cannot be handed over are dropped, counted and logged. */
export class EventQueue implements Sink {
  readonly mode: SinkMode;
  readonly #options: EventQueueOptions;
  readonly #dropped: Counter;
  readonly #failures: Counter;
  readonly #waiting: Waiting[] = [];
  #characters = 0;
  /** The delivery under way, with its pauses. */
  #working: Promise<void> | undefined;
  #cancelWait: (() => void) | undefined;
  #isFailing = false;
  readonly #closing = new AbortController();

  constructor(options: EventQueueOptions) {
    this.#options = options;
    this.mode = options.mode;
    const { meter, name } = options;
    this.#dropped = meter.counter(DROPPED, { plugin: name });
    this.#failures = meter.counter(FAILURES, { plugin: name });
    meter.gauge(BUFFERED, { plugin: name }, () => this.#waiting.length);
  }

  accept(event: string): Promise<boolean> | boolean {
    const isFull = this.#waiting.length >= MOST_EVENTS || this.#characters + event.length > MOST_CHARACTERS;
    if (isFull || this.#closing.signal.aborted) {
      this.#drop(1, new Error('audit buffer queue blocked'));
      return false;
    }
    this.#characters += event.length;
    if (this.mode === 'batch') {
      this.#waiting.push({ event });
      this.#schedule();
      return true;
    }
    return new Promise((done) => {
      this.#waiting.push({ event, done });
      this.#work();
    });
  }

  async close(): Promise<void> {
    const { clock, end } = this.#options;
    let cancel = (): void => undefined;
    const late = new Promise<void>((resolve) => (cancel = clock.after(CLOSE_MS, resolve)));
    this.#work();
    await Promise.race([this.#drained(), late]);
    cancel();
    this.#closing.abort();
    if (this.#waiting.length > 0) this.#drop(this.#waiting.length, new Error('the server stops'));
    for (const { done } of this.#waiting.splice(0)) done?.(false);
    await end?.();
  }

  async #drained(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
  }

  #schedule(): void {
    if (this.#working !== undefined) return;
    const { batchSize, batchWaitMs, clock } = this.#options;
    if (this.#waiting.length >= batchSize) this.#work();
    else this.#cancelWait ??= clock.after(batchWaitMs, () => this.#work());
  }

  #work(): void {
    this.#cancelWait?.();
    this.#cancelWait = undefined;
    if (this.#working !== undefined || this.#waiting.length === 0) return;
    this.#working = this.#deliverNext().finally(() => {
      this.#working = undefined;
      if (this.#waiting.length === 0) return;
      // Events that came meanwhile have waited long enough.
      this.#work();
    });
  }

  async #deliverNext(): Promise<void> {
    const batch = this.#waiting.slice(0, this.#options.batchSize);
    const kept = await this.#tryDelivery(batch.map(({ event }) => event));
    this.#waiting.splice(0, batch.length);
    for (const { event, done } of batch) {
      this.#characters -= event.length;
      done?.(kept);
    }
  }

  /** A request that waits for its event does not wait for a second attempt. */
  async #tryDelivery(events: readonly string[]): Promise<boolean> {
    const { deliver, logger, name } = this.#options;
    const pauses = this.mode === 'batch' ? this.#options.retryMs : [];
    for (let attempt = 0; ; attempt += 1) {
      try {
        await deliver(events);
        if (this.#isFailing) logger.info('audit events are handed over again', { sink: name });
        this.#isFailing = false;
        return true;
      } catch (error) {
        if (!this.#isFailing)
          logger.warn('audit events cannot be handed over', { sink: name, cause: describeError(error) });
        this.#isFailing = true;
        this.#failures.add();
        const pause = pauses[attempt];
        if (this.#closing.signal.aborted) return false; // counted by whoever closes
        if (pause === undefined) {
          this.#drop(events.length, error);
          return false;
        }
        await this.#pause(pause);
      }
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(ms, resolve);
      this.#closing.signal.addEventListener('abort', () => (cancel(), resolve()), { once: true });
    });
  }

  /** Told for the first of a row only: a log must not grow by the events that it lacks. */
  #drop(count: number, error: unknown): void {
    this.#dropped.add(count);
    if (this.#isFailing) return;
    this.#isFailing = true;
    const { logger, name } = this.#options;
    logger.warn('audit events are dropped', { sink: name, events: count, cause: describeError(error) });
  }
}

const DROPPED = {
  name: 'apiserver_audit_error_total',
  help: 'Audit events that were dropped: the buffer was full, or they could not be handed over.',
  labels: ['plugin'],
};
const FAILURES = {
  name: 'troupe_audit_delivery_failures_total',
  help: 'Attempts to hand audit events over that failed; most are repeated.',
  labels: ['plugin'],
};
const BUFFERED = {
  name: 'troupe_audit_buffered_events',
  help: 'Audit events that wait to be handed over.',
  labels: ['plugin'],
};
