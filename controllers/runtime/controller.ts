import { randomUUID } from 'node:crypto';
import type { Client } from '#api/client/client';
import type { BackOff } from '#api/machinery/back-off';
import { systemClock } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { describeError, silentLogger } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import { silentMeter } from '#api/machinery/meter';
import type { Meter } from '#api/machinery/meter';
import { isStatusError, StatusError } from '#api/machinery/status-error';
import type { TraceContext } from '#api/machinery/tracing/trace-context';
import { silentTracer } from '#api/machinery/tracing/tracer';
import type { Tracer } from '#api/machinery/tracing/tracer';
import { controllerFigures } from './controller-figures.ts';
import type { ControllerFigures } from './controller-figures.ts';
import type { Runnable } from './manager.ts';
import { repeatedFailures } from './repeated-failures.ts';
import type { FailureReport, RepeatedFailures } from './repeated-failures.ts';
import type { Source } from './source.ts';
import { createTurns } from './turns.ts';
import { createWorkQueue } from './work-queue.ts';
import type { WorkQueue } from './work-queue.ts';

export interface ReconcileResult {
  /** Milliseconds after which to look at the key again, although nothing changed. */
  requeueAfter?: number;
}

/** The context of one reconcile run. `C` is the part of the client that it needs. */
export interface ReconcileContext<C = Client> {
  /** Its calls end when the run reaches its time limit or the controller stops. */
  client: C;
  /** For everything else that takes time. */
  signal: AbortSignal;
  logger: Logger;
}

/**
 * Makes the world fit one object. Gets only the key: whatever happened, it reads what is there now, compares
 * and acts. Throwing means "again later" with growing delay; Conflict is expected and not logged; a
 * TerminalError ends the matter until the object changes.
 */
export type Reconcile<C = Client> = (
  key: string,
  context: ReconcileContext<C>,
) => Promise<ReconcileResult | void>;

/** A failure that trying again cannot mend. */
export class TerminalError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'TerminalError';
  }
}

export interface ControllerOptions<C = Client> {
  name: string;
  /** Each run of the reconcile gets this client, bound to the run's signal. */
  client: { within(signal: AbortSignal): C };
  reconcile: Reconcile<C>;
  sources: readonly Source[];
  /** Where people are told of objects on which the work fails again and again; undefined where keys name no objects. */
  failures: FailureReport | undefined;
  /** How many keys are worked on at a time; default 1. One key never has two workers. */
  workers?: number;
  /** Milliseconds after which the calls of one run are cut; default 2 minutes. */
  timeoutMs?: number;
  backOff?: BackOff;
  clock?: Clock;
  logger?: Logger;
  meter?: Meter;
  tracer?: Tracer;
  /** The span that the work on the object with this key is a part of; absent: none is recorded. */
  traceOf?: (key: string) => TraceContext | undefined;
  /** Names one run of reconcile in the log. */
  newId?: () => string;
}

/**
 * A server that is away says nothing about the key: when it is back, work must not wait for as long again as it
 * was away. The reflectors come back at this pace too.
 */
const SERVER_AWAY_MAX_MS = 3000;

const DEFAULT_TIMEOUT_MS = 120_000;
/** A run that is still there so long after its limit does not heed its signal. */
const STUCK_MS = 60_000;

type Outcome =
  | { kind: 'done' }
  | { kind: 'later'; ms: number }
  | { kind: 'stale' }
  | { kind: 'failed'; error: unknown }
  | { kind: 'terminal'; error: TerminalError }
  | { kind: 'stopped' };

/** The loop around a reconcile: a queue fed by the sources, and workers that empty it. */
export function createController<C = Client>(options: ControllerOptions<C>): Runnable {
  const clock = options.clock ?? systemClock;
  const logger = (options.logger ?? silentLogger).with({ controller: options.name });
  const { name, meter = silentMeter, workers = 1, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  let active = 0;
  const figures = controllerFigures({ name, meter, workers, active: () => active });
  const queue = createWorkQueue({
    ...{ name, meter, clock },
    ...(options.backOff === undefined ? {} : { backOff: options.backOff }),
  });

  const failures = repeatedFailures(options.failures);
  const turns = createTurns(clock);

  async function work(signal: AbortSignal): Promise<void> {
    for (let key = await queue.next(); key !== undefined; key = await queue.next()) {
      const log = logger.with({ key, reconcileId: (options.newId ?? randomUUID)() });
      active += 1;
      const began = clock.now();
      const outcome = await tracedRun(options, key, () =>
        runOnce({ ...options, timeoutMs, clock }, key, { signal, log }),
      );
      active -= 1;
      count(figures, outcome, clock.now() - began);
      report(failures, key, outcome);
      settle(queue, key, { outcome, log });
      queue.done(key);
      if (turns.isOver()) await turns.next();
    }
  }

  return {
    name: `controller ${options.name}`,
    check() {
      const ms = queue.longestWorkMs();
      if (ms > timeoutMs + STUCK_MS) throw new Error(`controller ${name}: a reconcile takes ${ms} ms by now`);
    },
    async run(signal) {
      for (const source of options.sources) source.start((key) => queue.add(key), signal);
      const stop = (): void => queue.shutDown();
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
      await Promise.all(Array.from({ length: workers }, () => work(signal)));
    },
  };
}

type Traced = Pick<ControllerOptions, 'name' | 'traceOf' | 'tracer'>;

/** Most runs find nothing to do: only those that ask the API for something are in the trace. */
function tracedRun(
  { name, tracer = silentTracer, traceOf }: Traced,
  key: string,
  run: () => Promise<Outcome>,
): Promise<Outcome> {
  const parent = tracer.isOn ? traceOf?.(key) : undefined;
  if (parent === undefined) return run();
  const attributes = { 'troupe.controller': name, 'troupe.object.key': key };
  return tracer.span(`reconcile ${name}`, { parent, attributes, onlyIfUsed: true }, async (span) => {
    const outcome = await run();
    span.set({ 'troupe.outcome': outcome.kind });
    if (outcome.kind === 'failed' || outcome.kind === 'terminal') span.fail(outcome.kind);
    return outcome;
  });
}

/** Runs reconcile once; whatever it throws becomes an outcome. */
async function runOnce<C>(
  options: Pick<ControllerOptions<C>, 'client' | 'reconcile'> & { timeoutMs: number; clock: Clock },
  key: string,
  context: { signal: AbortSignal; log: Logger },
): Promise<Outcome> {
  const { timeoutMs } = options;
  const limit = timeLimit(options.clock, timeoutMs, context.signal);
  const began = options.clock.now();
  const { signal } = limit;
  try {
    const client = options.client.within(signal);
    const result = await options.reconcile(key, { client, signal, logger: context.log });
    context.log.debug('reconciled', { ms: options.clock.now() - began });
    return result?.requeueAfter === undefined ? { kind: 'done' } : { kind: 'later', ms: result.requeueAfter };
  } catch (error) {
    if (context.signal.aborted) return { kind: 'stopped' };
    // Whatever the run made of its cut calls, a Conflict say: the limit is why.
    if (signal.aborted) return { kind: 'failed', error: signal.reason };
    if (error instanceof TerminalError) return { kind: 'terminal', error };
    if (isStatusError(error, 'Conflict')) return { kind: 'stale' };
    return { kind: 'failed', error };
  } finally {
    limit.end();
  }
}

/**
 * The signal of one run. AbortSignal.any would have the controller's signal remember each run until the garbage collector
 * comes, which costs more than a run that finds nothing to do.
 */
function timeLimit(
  clock: Clock,
  timeoutMs: number,
  stopped: AbortSignal,
): { signal: AbortSignal; end: () => void } {
  const run = new AbortController();
  const stop = (): void => run.abort(stopped.reason);
  const cancel = clock.after(timeoutMs, () =>
    run.abort(new StatusError('Timeout', `the reconcile took longer than ${timeoutMs} ms`)),
  );
  stopped.addEventListener('abort', stop);
  if (stopped.aborted) stop();
  return {
    signal: run.signal,
    end() {
      cancel();
      stopped.removeEventListener('abort', stop);
    },
  };
}

/** A Conflict is a requeue and no error: it says that somebody else was first. */
function count(figures: ControllerFigures, { kind }: Outcome, ms: number): void {
  switch (kind) {
    case 'done':
      figures.ended('success', ms);
      return;
    case 'later':
      figures.ended('requeue_after', ms);
      return;
    case 'stale':
      figures.ended('requeue', ms);
      return;
    case 'terminal':
      figures.failedForGood();
      figures.ended('error', ms);
      return;
    case 'failed':
      figures.ended('error', ms);
      return;
    case 'stopped':
      return;
  }
}

/** A Conflict says nothing about the object. */
function report(failures: RepeatedFailures, key: string, outcome: Outcome): void {
  if (outcome.kind === 'done' || outcome.kind === 'later') failures.succeeded(key);
  if (outcome.kind === 'failed') failures.failed(key, outcome.error);
  if (outcome.kind === 'terminal') failures.failedForGood(key, outcome.error);
}

/** What becomes of a key after its run: the one place that decides. */
function settle(queue: WorkQueue, key: string, run: { outcome: Outcome; log: Logger }): void {
  const { outcome, log } = run;
  switch (outcome.kind) {
    case 'done':
      queue.forget(key);
      return;
    case 'later':
      queue.forget(key);
      queue.addAfter(key, outcome.ms);
      return;
    case 'stale':
      // Somebody else wrote first, or the cache lags behind: the next look will see it.
      log.debug('object changed meanwhile, trying again', { delayMs: queue.retry(key) });
      return;
    case 'failed':
      log.warn('reconcile failed, trying again', {
        cause: describeError(outcome.error),
        delayMs: queue.retry(key, longestDelay(outcome.error)),
      });
      return;
    case 'terminal':
      queue.forget(key);
      log.error('reconcile failed for good', { cause: describeError(outcome.error) });
      return;
    case 'stopped':
      return;
  }
}

function longestDelay(error: unknown): number | undefined {
  return isStatusError(error, 'ServiceUnavailable') ? SERVER_AWAY_MAX_MS : undefined;
}
