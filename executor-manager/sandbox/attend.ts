import { describeError } from '#api/machinery/logger';
import { isStatusError } from '#api/machinery/status-error';
import { actionLine } from '#api/types/action';
import { REMOVED } from '../drivers/driver.ts';
import type { Runtime, RuntimeExit } from '../drivers/driver.ts';
import type { StartPhase } from '../executor/executor-figures.ts';
import { retryUntilDone } from '../retry.ts';
import { relay } from '../run/relay.ts';
import type { LogTarget } from '../run/relay.ts';
import type { Talk } from '../run/talk.ts';
import { ModelSource } from '../model-forwarder/model-source.ts';
import { readRealModel } from '../model-forwarder/real-model.ts';
import type { RealModel } from '../model-forwarder/credential-headers.ts';
import { readCredentials, runRequest } from '../run/run-request.ts';
import type { RunnerClient } from '../run/runner-client.ts';
import { handOverSkills } from '../skills/hand-over-skills.ts';
import type { SandboxTrace } from '../tracing/sandbox-trace.ts';
import { WorkLost, handOverWork } from '../work/hand-over.ts';
import type { SandboxContext } from './context.ts';
import { cancelled, failed, notStarted, runOutcome } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import type { RunSandbox } from '#api/types/sandboxes/sandbox';

export interface AttendOptions {
  context: SandboxContext;
  sandbox: RunSandbox;
  runtime: Runtime;
  /** False for a run that an earlier manager may have started. */
  fresh: boolean;
  /** Somebody wants the run to end. */
  cancel: AbortSignal;
  /** Leave the run to itself, at once. */
  stop: AbortSignal;
  /** Called once, when the run has been started. */
  onRunning: () => void;
  /** Between its agent and people. */
  talk: Talk;
  trace: SandboxTrace;
}

export interface Attended {
  outcome: Outcome;
  /** The last event in the log, where it is known. */
  lastEventSeq?: number;
  /** The run was not begun: the runner at the runtime's address refuses the runtime's token, so it is another one. */
  isElsewhere?: true;
}

/** What a runner wrote just before it ended is still on its way. */
const LAST_WORDS_MS = 100;

/**
 * Hands the run to a runtime that was started, and stays until the run's outcome is known. Throws the reason of
 * `stop` when that aborts; never anything else.
 */
export function attend(options: AttendOptions): Promise<Attended> {
  return new Attendance(options).untilOutcome();
}

class Attendance {
  readonly #options: AttendOptions;
  readonly #runner: RunnerClient;
  /** Aborts when the run is cut: ended from outside, for a reason that becomes its outcome unless it says its own. */
  readonly #cut = new AbortController();
  #cutOutcome: Outcome | undefined;
  /** Aborts when the outcome is known. */
  readonly #over = new AbortController();
  readonly #timers: (() => void)[] = [];
  /** Takes the run's access to its Model away. */
  #closeModel: (() => void) | undefined;
  /** The runner has answered. */
  #reached = false;
  /** The run has been started. */
  #running = false;
  #phaseBegan: number;
  /** One after the other. */
  #delivering: Promise<void> = Promise.resolve();

  constructor(options: AttendOptions) {
    const { context, runtime } = options;
    this.#options = options;
    this.#phaseBegan = context.clock.now();
    this.#runner = context.runners.of(runtime);
  }

  async untilOutcome(): Promise<Attended> {
    const { stop } = this.#options;
    this.#watch();
    try {
      await this.#startRun();
      this.#noteRunning();
      return await this.#relay();
    } catch (error) {
      stop.throwIfAborted();
      if (this.#cutOutcome !== undefined) return { outcome: this.#cutOutcome };
      const isElsewhere = !this.#reached && isStatusError(error, 'Unauthorized');
      return { outcome: this.#failure(error), ...(isElsewhere && { isElsewhere }) };
    } finally {
      this.#over.abort(new Error('the run is over'));
      for (const clear of this.#timers) clear();
      this.#closeModel?.();
      await this.#runner.close();
    }
  }

  /** The runner gets ready while the credentials are read; a run that an earlier manager started is left as it is. */
  async #startRun(): Promise<void> {
    const { context, sandbox, fresh, stop } = this.#options;
    const { clock, logger } = context;
    const runner = this.#runner;
    const uid = sandbox.metadata.uid ?? '';
    const signal = AbortSignal.any([this.#cut.signal, stop]);
    const retry = { clock, logger, signal };
    const { model: asked } = sandbox.spec;
    const { client } = context;
    const readBoth = () =>
      Promise.all([
        readCredentials(client, sandbox),
        asked === undefined ? undefined : readRealModel(client, sandbox, asked),
      ]);
    const readAll = () => retryUntilDone(readBoth, { ...retry, what: 'read credentials' });
    const early = fresh ? readAll() : undefined;
    // A failure to get ready comes first; the other one is then of no interest.
    early?.catch(() => undefined);
    await runner.ready(context.times.ready, signal);
    this.#reached = true;
    this.#passed('ready');
    if (!fresh) {
      const known = await retryUntilDone(() => runner.get(uid), { ...retry, what: 'ask for a run' });
      if (known !== undefined) {
        this.#options.talk.resume(known);
        return this.#openModel();
      }
    }
    await handOverSkills(sandbox.spec, { ...retry, skills: context.skills, runner });
    const notices = await handOverWork({ ...context, sandbox, runner, signal });
    const [credentials, model] = await (early ?? readAll());
    const request = runRequest(sandbox.spec, credentials, notices);
    this.#openModel(model);
    await retryUntilDone(() => runner.start(uid, request), { ...retry, what: 'start a run', firstWait: 10 });
  }

  /** Answers go to the run as soon as it waits for them, whichever comes first; messages at once. */
  #deliver(): void {
    const { context, sandbox, talk, stop } = this.#options;
    const { clock, logger } = context;
    const signal = AbortSignal.any([this.#over.signal, stop]);
    const act = () => talk.deliver(this.#runner, sandbox.metadata.uid ?? '');
    this.#delivering = this.#delivering.then(async () => {
      if (signal.aborted) return;
      try {
        await retryUntilDone(act, { clock, logger, signal, what: 'hand over the words of people' });
      } catch (error) {
        if (!signal.aborted)
          logger.warn('words of people were not handed over', { cause: describeError(error) });
      }
    });
  }

  /** A run that an earlier manager has started has its Model read with its next call. */
  #openModel(known?: RealModel): void {
    const { context, sandbox, runtime } = this.#options;
    const { model } = sandbox.spec;
    if (model === undefined) return;
    const { clock, client } = context;
    const runnerID = runtime.sharedRunner ?? runtime.id;
    const runner = { id: runnerID, address: runtime.address, token: context.tokenFor(runnerID).token };
    const read = (): Promise<RealModel> => readRealModel(client, sandbox, model);
    const source = new ModelSource({ read, known, clock });
    const { agent } = this.#options.trace;
    const trace = agent === undefined ? undefined : { agent, model: model.name };
    const run = { runID: sandbox.metadata.uid ?? '', protocol: model.protocol ?? 'anthropic', source, trace };
    this.#closeModel = context.models.serve({ runner, ...run });
  }

  /** The time before, such as the hand-over of a large workspace, is not the run's time. */
  #noteRunning(): void {
    const { context, sandbox, fresh, onRunning } = this.#options;
    this.#running = true;
    this.#passed('run');
    this.#options.trace.running(context.clock.now());
    if (fresh) this.#cutAfter(allowed(sandbox, context), () => overdue(sandbox));
    this.#timers.push(this.#options.talk.onWords(() => this.#deliver()));
    this.#deliver();
    onRunning();
  }

  /** A phase of the start is over, and the next one begins. */
  #passed(phase: StartPhase): void {
    const { context, fresh } = this.#options;
    const now = context.clock.now();
    if (fresh) {
      context.figures.passed(phase, now - this.#phaseBegan);
      this.#options.trace.phase(phase, this.#phaseBegan, now);
    }
    this.#phaseBegan = now;
  }

  async #relay(): Promise<Attended> {
    const { context, sandbox, fresh, stop } = this.#options;
    const run = { source: this.#runner, runID: sandbox.metadata.uid ?? '', fresh };
    const end = await relay(
      {
        ...logTarget(context, sandbox),
        ...run,
        onRelayed: (events, lagMs) => {
          context.figures.relayed(events.length, lagMs);
          this.#options.talk.read(events);
          this.#options.trace.read(events);
          this.#deliver();
        },
      },
      { cut: this.#cut.signal, stop },
    );
    if (end.kind === 'task gone') return { outcome: cancelled('The Task is gone.') };
    const { lastSeq: lastEventSeq } = end;
    if (end.kind === 'cut') return { outcome: this.#cutOutcome ?? forgotten(), lastEventSeq };
    return { outcome: await this.#explained(runOutcome(end.data)), lastEventSeq };
  }

  /** Cuts the run when its runtime ends, its time is over or it does not heed a cancellation. */
  #watch(): void {
    const { context, sandbox, runtime, fresh, cancel, stop } = this.#options;
    if (!fresh) this.#cutAfter(deadline(sandbox, context) - context.clock.now(), () => overdue(sandbox));
    context.driver.exited(runtime.id, AbortSignal.any([this.#over.signal, stop])).then(
      (exit) => this.#cutAfter(LAST_WORDS_MS, () => this.#exitOutcome(exit)),
      () => undefined, // no longer of interest
    );
    const onCancel = (): void => void this.#cancelRun();
    if (cancel.aborted) onCancel();
    else cancel.addEventListener('abort', onCancel, { once: true, signal: this.#over.signal });
  }

  #cutAfter(ms: number, outcome: () => Outcome): void {
    // Nothing would ever clear the timer.
    if (this.#over.signal.aborted) return;
    this.#timers.push(this.#options.context.clock.after(Math.max(0, ms), () => this.#cutWith(outcome())));
  }

  #cutWith(outcome: Outcome): void {
    this.#cutOutcome ??= outcome;
    this.#cut.abort(new Error(outcome.message));
  }

  async #cancelRun(): Promise<void> {
    const { context, sandbox, stop } = this.#options;
    const { clock, logger, times } = context;
    this.#cutAfter(times.cancel, stopped);
    if (!this.#reached) {
      this.#cutWith(stopped());
      return;
    }
    const signal = AbortSignal.any([this.#over.signal, stop]);
    const act = () => this.#runner.cancel(sandbox.metadata.uid ?? '');
    try {
      await retryUntilDone(act, { clock, logger, signal, what: 'cancel a run' });
    } catch {
      if (!signal.aborted) this.#cutWith(stopped()); // the runner does not know the run: there is nothing to wait for
    }
  }

  #failure(error: unknown): Outcome {
    if (error instanceof WorkLost) return failed('WorkLost', error.message);
    return this.#running
      ? failed('AgentFailed', `What the run said could not be kept: ${(error as Error).message}.`)
      : notStarted('The run could not be started', error);
  }

  #exitOutcome({ how, outOfMemory, byEngine = how === REMOVED }: RuntimeExit): Outcome {
    if (outOfMemory) return killedForMemory(this.#options.sandbox);
    // Agents that share a runner run nothing of their own, and no agent removes its sandbox.
    const isOwn = this.#options.runtime.sharedRunner === undefined && !byEngine;
    const byItself = isOwn ? ' The agent may have ended it itself.' : '';
    // One that an earlier manager has reached may end before this one does.
    return this.#reached || this.#options.sandbox.status?.phase === 'Running'
      ? failed('ContainerLost', `The sandbox ${how} in the middle of the run.${byItself}`)
      : failed('EngineFailed', `The sandbox ${how} before its runner was ready.`);
  }

  /** A runner sees that its agent was killed; only the engine knows that the memory had run out. */
  async #explained(outcome: Outcome): Promise<Outcome> {
    const { context, sandbox, runtime } = this.#options;
    if (outcome.reason !== 'AgentKilled') return outcome;
    try {
      const found = (await context.driver.list()).find(({ id }) => id === runtime.id);
      if (found?.outOfMemory !== true) return outcome;
      return { ...outcome, message: killedForMemory(sandbox).message };
    } catch (error) {
      if (!isStatusError(error)) throw error;
      return outcome; // the engine is away; the runner's own words stand
    }
  }
}

/** Where the events of a Sandbox go. */
export function logTarget(context: SandboxContext, { metadata, spec }: RunSandbox): LogTarget {
  const { name, namespace } = metadata;
  return {
    taskLog: context.taskLog,
    task: { ...spec.taskRef, ...(namespace === undefined ? {} : { namespace }) },
    sandboxName: name,
    ...askedOf(spec),
    logger: context.logger,
    clock: context.clock,
  };
}

/** A message of a person is in the conversation since it was posted. */
function askedOf({ action, prompt, promptMessage }: RunSandbox['spec']): Pick<LogTarget, 'prompt'> {
  if (promptMessage !== undefined) return {};
  return { prompt: action === undefined ? prompt : actionLine(action) };
}

type Timed = Pick<SandboxContext, 'times' | 'clock'>;

/** When the sandbox is ended from outside, in milliseconds since the epoch. */
export function deadline(sandbox: RunSandbox, context: Timed): number {
  const { startedAt, runningAt = startedAt } = sandbox.status ?? {};
  const began = runningAt === undefined ? context.clock.now() : Date.parse(runningAt);
  return began + allowed(sandbox, context);
}

/** How long a run may be there, in milliseconds. */
function allowed(sandbox: RunSandbox, { times }: Timed): number {
  return sandbox.spec.timeoutSeconds * 1000 + times.overtime;
}

export function overdue(sandbox: RunSandbox): Outcome {
  const { timeoutSeconds } = sandbox.spec;
  return failed('TimedOut', `The run did not end within ${timeoutSeconds} s, nor when its time was over.`);
}

const stopped = (): Outcome => cancelled('The run was cancelled.');

function forgotten(): Outcome {
  return failed('ContainerLost', 'The runner in the sandbox was restarted and knows the run no more.');
}

function killedForMemory(sandbox: RunSandbox): Outcome {
  const limit = sandbox.spec.resources?.memory ?? '2Gi';
  return failed('AgentKilled', `The agent was killed: out of memory, the limit is ${limit}.`);
}
