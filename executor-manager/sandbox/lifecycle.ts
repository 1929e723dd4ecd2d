import { sleep } from '#api/machinery/clock';
import { describeError } from '#api/machinery/logger';
import { isStatusError } from '#api/machinery/status-error';
import type { Sandbox, SandboxStatus } from '#api/types/generated/sandbox';
import type { Runtime } from '../drivers/driver.ts';
import type { StartPhase } from '../executor/executor-figures.ts';
import { Place } from '../places/place.ts';
import { retryUntilDone } from '../retry.ts';
import { appendEnding } from '../run/relay.ts';
import { Talk } from '../run/talk.ts';
import type { Reservation } from '../runtime/runtime-source.ts';
import { runtimeNeed } from '../runtime/runtime-need.ts';
import { untilAborted } from '#api/machinery/until-aborted';
import { hasFiles, saveWork } from '../work/save-work.ts';
import { attend, deadline, logTarget, overdue } from './attend.ts';
import type { Attended } from './attend.ts';
import { MOST_STARTS } from './context.ts';
import type { ExecutorContext, SandboxContext } from './context.ts';
import { ignoreInterruption, Interrupted } from './interrupted.ts';
import type { Interruption } from './interrupted.ts';
import { isTaskWorked, letGo } from './let-go.ts';
import { cancelled, failed, notStarted, recordedOutcome } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import type { SandboxLifecycle } from './sandbox-lifecycle.ts';
import { checkTaskUID, nodeOf, runtimeOf } from './sandbox-keys.ts';
import { asking, claimed, finished, isFinal, notSaved, running } from './status.ts';
import { starting, talkedTo, waiting } from './status.ts';
import { sandboxTrace } from '../tracing/sandbox-trace.ts';
import type { SandboxTrace } from '../tracing/sandbox-trace.ts';
import { startWithEvents } from './start-runtime.ts';
import { createStatusWriter } from './status-writer.ts';
import type { StatusWriter } from './status-writer.ts';
import type { RunSandbox } from '#api/types/sandboxes/sandbox';

/**
 * Takes one Sandbox from where it stands to its end:
 *
 *   bound ─ place, turn ─► claimed ─ runtime ─► ready ─ work, run ─► running ─ result ─► concluded ─ save ─► removed
 *     │                    (Starting)                               (Running)            (final)
 *     └─ NoPort while it waits
 *
 * Somebody else can end it at each point. From the mildest to the strongest:
 *
 *   cancel    spec.cancel is true. The agent is asked to end, and the lifecycle goes on to its own end.
 *   cut       The run is over without a word of its runner (attend.ts): the runtime has ended, the time is over, or a
 *             cancellation was not heeded. The runtime is stopped, and the lifecycle goes on to its own end.
 *   halt      The Sandbox is deleted, or somebody else has ended it. Nothing more is written; what there is of the run
 *             is saved and removed (give up).
 *   stopping  The manager stops. Halts too, and everything is left as it is: the next manager goes on from the status.
 *
 * The work of the run is saved beside the write of the final status: whoever goes on with it waits for `saves`.
 */
export class Lifecycle implements SandboxLifecycle {
  readonly done: Promise<void>;
  readonly #context: SandboxContext;
  readonly #writer: StatusWriter<RunSandbox>;
  readonly #place: Place;
  readonly #cancel = new AbortController();
  readonly #halt = new AbortController();
  readonly #stopping = new AbortController();
  /** The newest state of the Sandbox. */
  #current: Sandbox;
  #reservation: Reservation | undefined;
  /** Whether an agent may have worked in the runtime. */
  #ran: boolean;
  /** True once the outcome is ours to write: a final phase is then no sign of somebody else. */
  #concluding: boolean;
  #saving: Promise<void> | undefined;
  readonly #talk: Talk;
  readonly #trace: SandboxTrace;

  constructor(context: ExecutorContext, sandbox: RunSandbox) {
    const { namespace, name, uid = '' } = sandbox.metadata;
    this.#trace = sandboxTrace(sandbox, context.tracer);
    const logger = context.logger.with({ sandbox: `${namespace}/${name}`, uid });
    this.#context = { ...context, ...context.hosts.of(sandbox), logger };
    this.#current = sandbox;
    this.#writer = createStatusWriter({ ...this.#context, sandbox });
    this.#talk = new Talk({
      sandbox,
      onQuestions: (all) => this.#inBackground(this.#write((latest, now) => asking(latest, all, now))),
      onApplied: (all) => this.#inBackground(this.#write((latest, now) => talkedTo(latest, all, now))),
    });
    this.#place = new Place({ ...this.#context, node: nodeOf(sandbox) });
    this.#ran = runtimeOf(sandbox) !== undefined;
    this.#concluding = isFinal(sandbox);
    context.saves.begin({ taskUID: sandbox.spec.taskRef.uid, sandboxUID: uid });
    if (this.#ran) this.#place.adoptTurn();
    this.observe(sandbox);
    const running = context.tracer.within(this.#trace.own, () => this.#runUntilLeft());
    this.done = running.finally(() => {
      context.saves.settle(uid);
      this.#place.leave();
    });
  }

  /** The runtime that is the Sandbox's, as soon as there may be one. */
  get runtimeID(): string | undefined {
    return this.#reservation?.runtimeID ?? runtimeOf(this.#writer.latest());
  }

  /** The newest state of the Sandbox; undefined when it is gone. */
  observe(next: Sandbox | undefined): void {
    if (next !== undefined) {
      this.#current = next;
      this.#talk.note(next.spec);
    }
    if (next === undefined || next.metadata.deletionTimestamp !== undefined) this.#interrupt('deleted');
    else if (isFinal(next) && !this.#concluding) this.#interrupt('superseded');
    else if (next.spec.cancel === true) this.#cancel.abort(new Error('the run was cancelled'));
  }

  /** Leaves the sandbox as it is, for the next manager. */
  stop(): void {
    this.#interrupt('manager stops');
    this.#stopping.abort(new Interrupted('manager stops'));
  }

  #interrupt(why: Interruption): void {
    this.#halt.abort(new Interrupted(why));
  }

  async #runUntilLeft(): Promise<void> {
    const stopping = this.#stopping.signal;
    try {
      this.#halt.signal.throwIfAborted();
      await this.#driveToEnd();
    } catch (error) {
      const gone = isStatusError(error, 'Gone') ? 'superseded' : undefined;
      const why = error instanceof Interrupted ? error.why : gone;
      if (why === undefined) throw error;
      if (why === 'manager stops' || stopping.aborted) return;
      this.#context.logger.info('run given up', { why, cause: describeError(error) });
      await this.#giveUp().catch(ignoreInterruption);
    }
    const { metadata } = this.#current;
    if (stopping.aborted || metadata.deletionTimestamp === undefined) return;
    const sandbox = { ...this.#writer.latest(), metadata };
    await letGo(this.#context, sandbox, stopping).catch(ignoreInterruption);
  }

  /** From wherever the Sandbox stands to its final status, and nothing left of its runtime. */
  async #driveToEnd(): Promise<void> {
    const inventory = await untilAborted(this.#context.inventory, this.#halt.signal);
    const { phase } = this.#writer.latest().status ?? {};
    const mayBeThere = this.runtimeID !== undefined && inventory.has(this.runtimeID);
    if (this.#concluding) return mayBeThere ? this.#finish() : undefined;
    if (phase !== 'Starting' && phase !== 'Running') return this.#begin();
    const runtime = mayBeThere ? await this.#findRuntime(this.#halt.signal) : undefined;
    if (runtime !== undefined) this.#place.adopt();
    if (runtime?.running !== true) return this.#conclude({ outcome: this.#lostOutcome(runtime) }, runtime);
    return this.#conclude(await this.#attendTo(runtime, false), runtime);
  }

  /** An earlier manager has written how the run ended, and did not come to the rest. */
  async #finish(): Promise<void> {
    this.#place.adopt();
    await this.#save(await this.#findRuntime(this.#halt.signal));
    await this.#removeRuntime(this.#halt.signal);
  }

  /** For a Sandbox that was deleted or that somebody else has ended: its agent may still be at work. */
  async #giveUp(): Promise<void> {
    const signal = this.#stopping.signal;
    const inventory = await untilAborted(this.#context.inventory, signal);
    if (this.runtimeID === undefined || !inventory.has(this.runtimeID)) return;
    if (this.#ran) await this.#save(await this.#findRuntime(signal));
    await this.#removeRuntime(signal);
  }

  async #findRuntime(signal: AbortSignal): Promise<Runtime | undefined> {
    const what = 'list the sandboxes of the engine';
    const runtimes = await this.#retry(() => this.#context.driver.list(), { what, signal });
    return runtimes.find(({ id }) => id === this.runtimeID);
  }

  /** How a run ended that was taken up before the manager started, and that does not go on now. */
  #lostOutcome(runtime: Runtime | undefined): Outcome {
    const sandbox = this.#writer.latest();
    if (this.#cancel.signal.aborted) return cancelled('The run was cancelled.');
    if (deadline(sandbox, this.#context) < this.#context.clock.now()) return overdue(sandbox);
    const what = runtime === undefined ? 'was gone' : 'had ended';
    return failed('ContainerLost', `The sandbox ${what} when the executor manager came back.`);
  }

  /** Takes the Sandbox up: room first, then the claim, and only then anything that can be left behind. */
  async #begin(): Promise<void> {
    const cancel = this.#cancel.signal;
    const { figures, clock } = this.#context;
    figures.queued(this.#current.metadata.creationTimestamp, clock.now());
    const signal = AbortSignal.any([this.#halt.signal, cancel]);
    let begun: { runtime: Runtime; end: Attended };
    try {
      checkTaskUID(this.#writer.latest());
      begun = await this.#beginIn(await this.#reserve(signal), signal);
    } catch (error) {
      this.#halt.signal.throwIfAborted();
      if (isStatusError(error, 'Gone')) throw error;
      const outcome = cancel.aborted
        ? cancelled('The run was cancelled before it began.')
        : notStarted('The sandbox could not be started', error);
      return this.#conclude({ outcome }, undefined);
    }
    return this.#conclude(begun.end, begun.runtime);
  }

  /**
   * Starts the runtime and hands the run to it. Starts it again while the runner of another one answers in its place: an
   * engine that was killed may have forgotten a container, which keeps its address until it ends by itself.
   */
  async #beginIn(
    reservation: Reservation,
    signal: AbortSignal,
  ): Promise<{ runtime: Runtime; end: Attended }> {
    const { clock, driver, logger, times } = this.#context;
    const onProgress = (message: string): void =>
      this.#inBackground(this.#write((sandbox, now) => starting(sandbox, message, now)));
    for (let starts = 1; ; starts += 1) {
      const start = { ...this.#context, sandbox: this.#writer.latest(), signal, onProgress };
      const runtime = await this.#measured('start', startWithEvents(reservation, start));
      const end = await this.#attendTo(runtime, true);
      if (end.isElsewhere !== true || starts === MOST_STARTS) return { runtime, end };
      const { host, port } = runtime.address;
      const message = `Another runner answers at ${host}:${port}, where the sandbox should; it is started again.`;
      onProgress(message);
      logger.warn('another runner answers in place of a sandbox, starting it again', { host, port });
      await this.#retry(() => driver.remove(runtime.id), { what: 'remove a sandbox', signal });
      await sleep(clock, times.startAgain, signal);
    }
  }

  async #reserve(signal: AbortSignal): Promise<Reservation> {
    const { client, runtimes, executorName, inventory } = this.#context;
    await this.#measured(
      'place',
      this.#place.take(signal, () => this.#tellWaiting()),
    );
    const { spec, metadata } = this.#writer.latest();
    const reservation = runtimes.reserve(runtimeNeed(spec, client), metadata.uid ?? '');
    const { runtimeID } = reservation;
    this.#reservation = reservation;
    try {
      const claim = this.#write((sandbox, now) => claimed(sandbox, { executorName, runtimeID }, now));
      await this.#measured('claim', claim);
    } catch (error) {
      this.#reservation = undefined;
      reservation.release();
      throw error;
    }
    (await inventory).add(runtimeID);
    return reservation;
  }

  async #measured<T>(phase: StartPhase, work: Promise<T>): Promise<T> {
    const { clock, figures } = this.#context;
    const began = clock.now();
    const result = await work;
    const ended = clock.now();
    figures.passed(phase, ended - began);
    this.#trace.phase(phase, began, ended);
    return result;
  }

  #write(change: (sandbox: RunSandbox, now: number) => SandboxStatus): Promise<void> {
    const { clock } = this.#context;
    return this.#writer.write((sandbox) => change(sandbox, clock.now()), this.#halt.signal);
  }

  #tellWaiting(): void {
    const { executorName } = this.#context;
    const message = `Executor ${executorName} is full or has no free port; the sandbox waits for its turn.`;
    this.#inBackground(this.#write((sandbox, now) => waiting(sandbox, message, now)));
  }

  /** A write that nothing waits for; the lifecycle also ends when it shows that the Sandbox is gone. */
  #inBackground(write: Promise<void>): void {
    write.catch((error: unknown) => {
      if (isStatusError(error, 'Gone')) this.#interrupt('superseded');
      else if (!this.#halt.signal.aborted)
        this.#context.logger.warn('status not written', { cause: describeError(error) });
    });
  }

  #attendTo(runtime: Runtime, fresh: boolean): Promise<Attended> {
    const context = this.#context;
    const { address, id, name } = runtime;
    context.logger.info(fresh ? 'started' : 'adopted', { runtime: id, name, port: address.port });
    const hostPort = context.driver.capabilities.ports === undefined ? undefined : address.port;
    const onRunning = (): void => {
      this.#ran = true;
      this.#inBackground(this.#write((sandbox, now) => running(sandbox, { runtime, hostPort }, now)));
    };
    const signals = { cancel: this.#cancel.signal, stop: this.#halt.signal };
    const sandbox = this.#writer.latest();
    const told = { onRunning, talk: this.#talk, trace: this.#trace };
    return attend({ context, sandbox, runtime, fresh, ...told, ...signals });
  }

  /**
   * Makes the outcome known, saves the work and removes the runtime. What the runner said is written first, since only
   * the Sandbox will know it afterwards; a run that was cut off is ended first, since it may still be at work.
   */
  async #conclude(end: Attended, runtime: Runtime | undefined): Promise<void> {
    const halt = this.#halt.signal;
    this.#concluding = true;
    if (end.outcome.fromRunner) {
      const saving = this.#save(runtime);
      // Waited for below, or when the run is given up.
      saving.catch(() => undefined);
      await this.#writeEnd(end);
      this.#place.endTurn();
      await saving;
      return this.#removeRuntime(halt);
    }
    if (!this.#ran || runtime === undefined) {
      await this.#writeEnd(await this.#tellEnding(end));
      return this.#removeRuntime(halt);
    }
    const stop = () => this.#context.driver.stop(runtime.id);
    await this.#retry(stop, { what: 'end a sandbox', signal: halt });
    await this.#writeEnd(await this.#tellEnding(end));
    this.#place.endTurn();
    await this.#save({ ...runtime, running: false });
    return this.#removeRuntime(halt);
  }

  async #writeEnd({ outcome, lastEventSeq }: Attended): Promise<void> {
    const { phase, reason, message } = outcome;
    this.#context.logger.info('run ended', { phase, reason, message });
    await this.#write((sandbox, now) => finished(sandbox, { outcome, lastEventSeq }, now));
    const { figures, clock } = this.#context;
    const { runningAt } = this.#writer.latest().status ?? {};
    figures.ended(outcome, runningAt === undefined ? undefined : clock.now() - Date.parse(runningAt));
    this.#trace.ended(outcome, clock.now());
  }

  /** The log says it too, once: what it has of the run's end already is what counts. */
  async #tellEnding(end: Attended): Promise<Attended> {
    const { phase, reason, message } = end.outcome;
    const target = { ...logTarget(this.#context, this.#writer.latest()), taskLog: this.#context.taskLog };
    const ending = await appendEnding(target, { phase, reason, message }, this.#halt.signal);
    if (ending === undefined) return end;
    const { lastSeq: lastEventSeq, recorded } = ending;
    const outcome = recorded === undefined ? end.outcome : recordedOutcome(recorded, end.outcome);
    return { outcome, lastEventSeq };
  }

  /** Once, where agents work in files; nobody goes on with those of a Task that is gone. Rejects only with `stopping`. */
  #save(runtime: Runtime | undefined): Promise<void> {
    this.#saving ??= this.#saveOnce(runtime);
    return this.#saving;
  }

  async #saveOnce(runtime: Runtime | undefined): Promise<void> {
    const context = this.#context;
    const sandbox = this.#writer.latest();
    const signal = this.#stopping.signal;
    if (runtime !== undefined && hasFiles(sandbox)) {
      const isWorked = () => isTaskWorked(context.client, sandbox);
      const worked = await this.#retry(isWorked, { what: 'look for a Task', signal });
      const lost = worked ? await saveWork({ context, sandbox, runtime, signal }) : undefined;
      if (lost !== undefined) await this.#tellLost(lost, signal);
    }
    context.saves.settle(sandbox.metadata.uid ?? '');
  }

  /** Before anybody may go on with the work: it is looked up there. Of no interest in a Sandbox that is gone. */
  async #tellLost(cause: string, signal: AbortSignal): Promise<void> {
    const { clock } = this.#context;
    try {
      await this.#writer.write((sandbox) => notSaved(sandbox, cause, clock.now()), signal);
    } catch (error) {
      if (!isStatusError(error, 'Gone')) throw error;
    }
  }

  /**
   * However long the engine is away. Nothing was made of a Sandbox that was not claimed. What cannot be removed must
   * not keep the place of those who wait: the sweep tries it again.
   */
  async #removeRuntime(signal: AbortSignal): Promise<void> {
    const { driver, inventory } = this.#context;
    const { runtimeID } = this;
    const known = await untilAborted(inventory, signal);
    if (runtimeID === undefined || !known.has(runtimeID)) return;
    try {
      await this.#retry(() => driver.remove(runtimeID), { what: 'remove a sandbox', signal });
      known.delete(runtimeID);
    } catch (error) {
      signal.throwIfAborted();
      const cause = describeError(error);
      this.#context.logger.error('a runtime is left for the sweep', { runtime: runtimeID, cause });
    }
  }

  #retry<T>(act: () => Promise<T>, how: { what: string; signal: AbortSignal }): Promise<T> {
    const { clock, logger } = this.#context;
    return retryUntilDone(act, { clock, logger, ...how });
  }
}
