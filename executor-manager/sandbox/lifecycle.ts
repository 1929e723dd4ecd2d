import { describeError } from '#api/machinery/logger';
import { isStatusError } from '#api/machinery/status-error';
import type { Sandbox } from '#api/types/generated/sandbox';
import { persist } from '../back-off.ts';
import { untilAborted } from '../until-aborted.ts';
import type { Runtime } from '../drivers/driver.ts';
import { appendEnding } from '../run/relay.ts';
import { attend, deadline, overdue, relayOptions } from './attend.ts';
import type { Attended, AttendOptions } from './attend.ts';
import type { SandboxContext } from './context.ts';
import { cancelled, failed, notStarted, recordedOutcome } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import { createPlace } from '../places/place.ts';
import type { Place } from '../places/place.ts';
import { letGo } from './let-go.ts';
import { startRuntime } from './start-runtime.ts';
import { claimed, finished, isFinal, running, waiting } from './status.ts';
import { createStatusWriter } from './status-writer.ts';
import type { StatusWriter } from './status-writer.ts';

/** Why a lifecycle is left before its end. */
export type Interruption = 'manager stops' | 'deleted' | 'superseded';

export interface Lifecycle {
  /** Resolves when there is nothing left to do, or it was interrupted by a stop of the manager. */
  done: Promise<void>;
  /** The newest state of the Sandbox; undefined when it is gone. */
  observe(sandbox: Sandbox | undefined): void;
  /** Leaves the sandbox as it is, for the next manager. */
  stop(): void;
}

/** The error with which a lifecycle's signal aborts. */
class Interrupted extends Error {
  readonly why: Interruption;
  constructor(why: Interruption) {
    super(`the sandbox is left: ${why}`);
    this.why = why;
  }
}

/** Takes one Sandbox from where it stands to its end. */
export function startLifecycle(context: SandboxContext, sandbox: Sandbox): Lifecycle {
  const { namespace, name, uid } = sandbox.metadata;
  const logger = context.logger.with({ sandbox: `${namespace}/${name}`, uid });
  const halt = new AbortController();
  const cancel = new AbortController();
  const place = createPlace(context);
  const writer = createStatusWriter({ ...context, logger, sandbox });
  const interrupt = (why: Interruption): void => halt.abort(new Interrupted(why));

  const self: Self = {
    context: { ...context, logger },
    place,
    writer,
    uid: uid ?? '',
    halt: halt.signal,
    cancel: cancel.signal,
    interrupt,
    concluding: false,
  };
  let current = sandbox;
  const observe = (next: Sandbox | undefined): void => {
    if (next !== undefined) current = next;
    if (next === undefined || next.metadata.deletionTimestamp !== undefined) interrupt('deleted');
    else if (isFinal(next) && !self.concluding) interrupt('superseded');
    else if (next.spec.cancel === true) cancel.abort(new Error('the run was cancelled'));
  };
  const stopping = new AbortController();
  observe(sandbox);
  return {
    done: run(self, () => current, stopping.signal).finally(() => place.leave()),
    observe,
    stop() {
      interrupt('manager stops');
      stopping.abort(new Interrupted('manager stops'));
    },
  };
}

interface Self {
  context: SandboxContext;
  place: Place;
  writer: StatusWriter;
  uid: string;
  halt: AbortSignal;
  cancel: AbortSignal;
  interrupt: (why: Interruption) => void;
  /** True once the outcome is ours to write: a final phase is then no sign of somebody else. */
  concluding: boolean;
}

async function run(self: Self, current: () => Sandbox, stopping: AbortSignal): Promise<void> {
  const { halt, context } = self;
  try {
    halt.throwIfAborted();
    await live(self);
  } catch (error) {
    const why =
      error instanceof Interrupted ? error.why : isStatusError(error, 'Gone') ? 'superseded' : undefined;
    if (why === undefined) throw error;
    if (why === 'manager stops' || stopping.aborted) return;
    context.logger.info('run given up', { why, cause: describeError(error) });
    await removeRuntime(self, stopping).catch(ignoreInterruption);
  }
  if (stopping.aborted || current().metadata.deletionTimestamp === undefined) return;
  await letGo(context, current(), stopping).catch(ignoreInterruption);
}

function ignoreInterruption(error: unknown): void {
  if (!(error instanceof Interrupted)) throw error;
}

/** From wherever the Sandbox stands to its final status, and nothing left of it. */
async function live(self: Self): Promise<void> {
  const { context, writer, halt } = self;
  const inventory = await untilAborted(context.inventory, halt);
  const { phase } = writer.latest().status ?? {};
  if (phase !== 'Starting' && phase !== 'Running') return begin(self);
  const runtime = await findRuntime(self);
  if (runtime?.running !== true) return conclude(self, { outcome: lostOutcome(self, runtime) });
  self.place.adopt(runtime, inventory);
  return conclude(self, await attendTo(self, runtime, false));
}

async function findRuntime({ context, uid, halt }: Self): Promise<Runtime | undefined> {
  const { driver, clock, logger } = context;
  const what = 'list the sandboxes of the engine';
  const runtimes = await persist(() => driver.list(), { clock, logger, signal: halt, what });
  return runtimes.find((runtime) => runtime.sandboxUID === uid);
}

/** What became of a sandbox that was taken up before the manager started, and that does not run now. */
function lostOutcome(self: Self, runtime: Runtime | undefined): Outcome {
  const sandbox = self.writer.latest();
  if (self.cancel.aborted) return cancelled('The run was cancelled.');
  if (deadline(sandbox, self.context) < self.context.clock.now()) return overdue(sandbox);
  const what = runtime === undefined ? 'was gone' : 'had ended';
  return failed('ContainerLost', `The sandbox ${what} when the executor manager came back.`);
}

/** Takes the Sandbox up: room first, then the claim, and only then anything that can be left behind. */
async function begin(self: Self): Promise<void> {
  const { context, writer, place, halt, cancel } = self;
  const { clock, executorName } = context;
  let runtime: Runtime;
  try {
    const either = AbortSignal.any([halt, cancel]);
    const port = await place.take(writer.latest().spec.taskRef.uid, either, () => tellWaiting(self));
    await writer.write((sandbox) => claimed(sandbox, executorName, clock.now()), halt);
    runtime = await startRuntime(context, writer.latest(), { place, port, signal: either });
  } catch (error) {
    halt.throwIfAborted();
    if (isStatusError(error, 'Gone')) throw error;
    if (cancel.aborted)
      return conclude(self, { outcome: cancelled('The run was cancelled before it began.') });
    return conclude(self, { outcome: notStarted('The sandbox could not be started', error) });
  }
  return conclude(self, await attendTo(self, runtime, true));
}

function tellWaiting(self: Self): void {
  const { context, writer, halt } = self;
  const message = `Executor ${context.executorName} is full or has no free port; the sandbox waits for its turn.`;
  background(
    self,
    writer.write((sandbox) => waiting(sandbox, message, context.clock.now()), halt),
  );
}

/** A write that nothing waits for; that the Sandbox is gone ends the lifecycle all the same. */
function background(self: Self, write: Promise<void>): void {
  write.catch((error: unknown) => {
    if (isStatusError(error, 'Gone')) self.interrupt('superseded');
    else if (!self.halt.aborted)
      self.context.logger.warn('status not written', { cause: describeError(error) });
  });
}

function attendOptions(self: Self, fresh: boolean): Omit<AttendOptions, 'runtime' | 'onRunning'> {
  const { context, writer, cancel, halt } = self;
  return { context, sandbox: writer.latest(), fresh, cancel, stop: halt };
}

function attendTo(self: Self, runtime: Runtime, fresh: boolean): Promise<Attended> {
  const { context, writer, halt } = self;
  context.logger.info(fresh ? 'started' : 'adopted', { runtime: runtime.id, port: runtime.address.port });
  const onRunning = (): void =>
    background(
      self,
      writer.write((sandbox) => running(sandbox, runtime, context.clock.now()), halt),
    );
  return attend({ ...attendOptions(self, fresh), runtime, onRunning });
}

/**
 * Makes the outcome known and removes the sandbox. What the runner said is written first, since only the Sandbox
 * will know it afterwards; a run that was cut off is ended first, since it may still be at work.
 */
async function conclude(self: Self, end: Attended): Promise<void> {
  const { place, halt } = self;
  self.concluding = true;
  if (end.outcome.fromRunner) {
    await writeEnd(self, end);
    place.endTurn();
    return removeRuntime(self, halt);
  }
  await removeRuntime(self, halt);
  return writeEnd(self, await tellEnding(self, end));
}

async function writeEnd({ context, writer, halt }: Self, end: Attended): Promise<void> {
  const { outcome, lastEventSeq } = end;
  const { phase, reason, message } = outcome;
  context.logger.info('run ended', { phase, reason, message });
  await writer.write((sandbox) => finished(sandbox, { outcome, lastEventSeq }, context.clock.now()), halt);
}

/** The log says it too, once: what it has of the run's end already is what counts. */
async function tellEnding(self: Self, end: Attended): Promise<Attended> {
  const { phase, reason, message } = end.outcome;
  const none = { events: () => [] as never, get: () => Promise.resolve(undefined) };
  const options = relayOptions({ ...attendOptions(self, false) } as AttendOptions, none);
  const ending = await appendEnding(options, { phase, reason, message }, self.halt);
  if (ending === undefined) return end;
  const { lastSeq: lastEventSeq, recorded } = ending;
  const outcome = recorded === undefined ? end.outcome : recordedOutcome(recorded, end.outcome);
  return { outcome, lastEventSeq };
}

/** Removes the container however long the engine is away; nothing was made of a Sandbox that was not claimed. */
async function removeRuntime(self: Self, signal: AbortSignal): Promise<void> {
  const { context, writer, uid } = self;
  const phase = writer.latest().status?.phase;
  if (phase === undefined || phase === 'Pending') return;
  const { clock, logger } = context;
  await persist(() => context.driver.remove(uid), { clock, logger, signal, what: 'remove a sandbox' });
  (await untilAborted(context.inventory, signal)).removed(uid);
}
