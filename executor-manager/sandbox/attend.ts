import { isStatusError } from '#api/machinery/status-error';
import type { Sandbox } from '#api/types/generated/sandbox';
import { persist } from '../back-off.ts';
import type { Runtime, RuntimeExit } from '../drivers/driver.ts';
import { relay } from '../run/relay.ts';
import type { EndingOptions, RelayOptions } from '../run/relay.ts';
import { readCredentials, runRequest } from '../run/run-request.ts';
import { createRunnerClient } from '../run/runner-client.ts';
import type { RunnerClient } from '../run/runner-client.ts';
import type { SandboxContext } from './context.ts';
import { cancelled, failed, notStarted, runOutcome } from './outcome.ts';
import type { Outcome } from './outcome.ts';

export interface AttendOptions {
  context: SandboxContext;
  sandbox: Sandbox;
  runtime: Runtime;
  /** False for a sandbox that an earlier manager started. */
  fresh: boolean;
  /** Somebody wants the run to end. */
  cancel: AbortSignal;
  /** Leave the run to itself, at once. */
  stop: AbortSignal;
  /** Called once, when the run has been started. */
  onRunning: () => void;
}

export interface Attended {
  outcome: Outcome;
  /** The last event in the log, where it is known. */
  lastEventSeq?: number;
}

/** What a runner wrote just before it ended is still on its way. */
const LAST_WORDS_MS = 100;

/** Ends the run from outside, for a reason that becomes its outcome unless the run still says its own. */
interface Cutter {
  signal: AbortSignal;
  cut(outcome: Outcome): void;
  outcome(): Outcome | undefined;
}

/**
 * Starts the run in a sandbox that was started, and stays until the run's outcome is known. Throws the reason of
 * `stop` when that aborts; never anything else.
 */
export async function attend(options: AttendOptions): Promise<Attended> {
  const { context, runtime, stop } = options;
  const uid = options.sandbox.metadata.uid ?? '';
  const { token } = context.tokenFor(uid);
  const runner = createRunnerClient({ address: runtime.address, token, clock: context.clock });
  const cutter = createCutter();
  const over = new AbortController();
  const progress: Progress = { reached: false, running: false };
  watch({ options, runner, cutter, progress, over: AbortSignal.any([over.signal, stop]) });
  try {
    await startRun(options, { runner, cutter, progress });
    progress.running = true;
    options.onRunning();
    const end = await relay(relayOptions(options, runner), { cut: cutter.signal, stop });
    if (end.kind === 'task gone') return { outcome: cancelled('The Task is gone.') };
    if (end.kind === 'cut') return { outcome: cutter.outcome() ?? forgotten(), lastEventSeq: end.lastSeq };
    return { outcome: await explained(options, runOutcome(end.data)), lastEventSeq: end.lastSeq };
  } catch (error) {
    stop.throwIfAborted();
    return { outcome: cutter.outcome() ?? failure(error, progress) };
  } finally {
    over.abort(new Error('the run is over'));
    await runner.close();
  }
}

function forgotten(): Outcome {
  return failed('ContainerLost', 'The runner in the sandbox was restarted and knows the run no more.');
}

function failure(error: unknown, progress: Progress): Outcome {
  return progress.running
    ? failed('AgentFailed', `What the run said could not be kept: ${(error as Error).message}.`)
    : notStarted('The run could not be started', error);
}

interface Progress {
  /** The runner has answered. */
  reached: boolean;
  /** The run has been started. */
  running: boolean;
}

export function relayOptions(options: AttendOptions, source: RelayOptions['source']): EndingOptions {
  const { context, sandbox } = options;
  const { name, namespace, uid } = sandbox.metadata;
  return {
    source,
    taskLog: context.taskLog,
    runID: uid ?? '',
    task: { ...sandbox.spec.taskRef, ...(namespace === undefined ? {} : { namespace }) },
    sandboxName: name,
    prompt: sandbox.spec.prompt,
    fresh: options.fresh,
    logger: context.logger,
    clock: context.clock,
  };
}

interface Run {
  runner: RunnerClient;
  cutter: Cutter;
  progress: Progress;
}

/** The runner gets ready while the credentials are read; a run that an earlier manager started is left as it is. */
async function startRun(options: AttendOptions, run: Run): Promise<void> {
  const { context, sandbox } = options;
  const { clock, logger } = context;
  const { runner } = run;
  const signal = AbortSignal.any([run.cutter.signal, options.stop]);
  const uid = sandbox.metadata.uid ?? '';
  const retry = { clock, logger, signal };
  const read = () => readCredentials(context.client, sandbox);
  const credentials = options.fresh ? persist(read, { ...retry, what: 'read credentials' }) : undefined;
  // A failure to get ready comes first; the other one is then of no interest.
  credentials?.catch(() => undefined);
  await runner.ready(context.limits.ready, signal);
  run.progress.reached = true;
  if (!options.fresh) {
    const known = await persist(() => runner.get(uid), { ...retry, what: 'ask for a run' });
    if (known !== undefined) return;
  }
  const request = runRequest(
    sandbox.spec,
    await (credentials ?? persist(read, { ...retry, what: 'read credentials' })),
  );
  await persist(() => runner.start(uid, request), { ...retry, what: 'start a run', firstWait: 10 });
}

function createCutter(): Cutter {
  const controller = new AbortController();
  let reason: Outcome | undefined;
  return {
    signal: controller.signal,
    cut(outcome) {
      reason ??= outcome;
      controller.abort(new Error(outcome.message));
    },
    outcome: () => reason,
  };
}

interface Watched extends Run {
  options: AttendOptions;
  over: AbortSignal;
}

/** Cuts the run when its container ends, its time is over or it does not heed a cancellation. */
function watch(watched: Watched): void {
  const { options, cutter, over, progress } = watched;
  // Nothing would ever clear the timers.
  if (over.aborted) return;
  const { context, sandbox, runtime, cancel } = options;
  const { clock } = context;
  // The claim of a fresh one may be old: the engine was waited for.
  const left = options.fresh ? allowed(sandbox, context) : deadline(sandbox, context) - clock.now();
  const timers = [clock.after(Math.max(0, left), () => cutter.cut(overdue(sandbox)))];
  context.driver.exited(runtime, over).then(
    (exit) => {
      const outcome = exitOutcome(exit, sandbox, progress);
      timers.push(clock.after(LAST_WORDS_MS, () => cutter.cut(outcome)));
    },
    () => undefined, // not of interest any more
  );
  const onCancel = (): void => {
    timers.push(clock.after(context.limits.cancel, () => cutter.cut(stopped())));
    void cancelRun(watched);
  };
  if (cancel.aborted) onCancel();
  else cancel.addEventListener('abort', onCancel, { once: true });
  over.addEventListener('abort', () => {
    cancel.removeEventListener('abort', onCancel);
    for (const clear of timers) clear();
  });
}

async function cancelRun({ options, runner, cutter, progress, over }: Watched): Promise<void> {
  if (!progress.reached) {
    cutter.cut(stopped());
    return;
  }
  const { clock, logger } = options.context;
  const act = () => runner.cancel(options.sandbox.metadata.uid ?? '');
  try {
    await persist(act, { clock, logger, signal: over, what: 'cancel a run' });
  } catch {
    if (!over.aborted) cutter.cut(stopped()); // the runner does not know the run: there is nothing to wait for
  }
}

const stopped = (): Outcome => cancelled('The run was cancelled.');

/** When the sandbox is ended from outside, in milliseconds since the epoch. */
export function deadline(sandbox: Sandbox, context: Pick<SandboxContext, 'limits' | 'clock'>): number {
  const { startedAt, runningAt = startedAt } = sandbox.status ?? {};
  const began = runningAt === undefined ? context.clock.now() : Date.parse(runningAt);
  return began + allowed(sandbox, context);
}

/** How long a sandbox may be there, in milliseconds. */
function allowed(sandbox: Sandbox, { limits }: Pick<SandboxContext, 'limits'>): number {
  return sandbox.spec.timeoutSeconds * 1000 + limits.overtime;
}

export function overdue(sandbox: Sandbox): Outcome {
  const { timeoutSeconds } = sandbox.spec;
  return failed('TimedOut', `The run did not end within ${timeoutSeconds} s, nor when its time was over.`);
}

function exitOutcome(exit: RuntimeExit, sandbox: Sandbox, progress: Progress): Outcome {
  if (exit.outOfMemory) return outOfMemory(sandbox);
  return progress.reached
    ? failed('ContainerLost', `The sandbox ${exit.how} in the middle of the run.`)
    : failed('EngineFailed', `The sandbox ${exit.how} before its runner was ready.`);
}

function outOfMemory(sandbox: Sandbox): Outcome {
  const limit = sandbox.spec.resources?.memory ?? '2Gi';
  return failed('AgentKilled', `The agent was killed: out of memory, the limit is ${limit}.`);
}

/** A runner sees that its agent was killed; only the engine knows that it was for want of memory. */
async function explained(options: AttendOptions, outcome: Outcome): Promise<Outcome> {
  if (outcome.reason !== 'AgentKilled') return outcome;
  const uid = options.sandbox.metadata.uid;
  try {
    const runtimes = await options.context.driver.list();
    const found = runtimes.find((runtime) => runtime.sandboxUID === uid);
    return found?.outOfMemory === true
      ? { ...outcome, message: outOfMemory(options.sandbox).message }
      : outcome;
  } catch (error) {
    if (!isStatusError(error)) throw error;
    return outcome; // the engine is away; the runner's own words stand
  }
}
