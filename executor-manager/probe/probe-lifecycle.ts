import { describeError } from '#api/machinery/logger';
import { badRequest, isStatusError } from '#api/machinery/status-error';
import { untilAborted } from '#api/machinery/until-aborted';
import type { Sandbox, SandboxStatus } from '#api/types/generated/sandbox';
import type { ProbeSandbox } from '#api/types/sandboxes/sandbox';
import type { Runtime } from '../drivers/driver.ts';
import { Place } from '../places/place.ts';
import { retryUntilDone } from '../retry.ts';
import { runtimeNeed } from '../runtime/runtime-need.ts';
import { entryValues } from '../run/mcp-server-values.ts';
import { withRealValues } from '../run/mcp-values.ts';
import type { ExecutorContext, SandboxContext } from '../sandbox/context.ts';
import { cancelled, failed, notStarted } from '../sandbox/outcome.ts';
import type { Outcome } from '../sandbox/outcome.ts';
import type { SandboxLifecycle } from '../sandbox/sandbox-lifecycle.ts';
import { runtimeOf } from '../sandbox/sandbox-keys.ts';
import { claimed, finished, isFinal, starting, waiting } from '../sandbox/status.ts';
import { startWithEvents } from '../sandbox/start-runtime.ts';
import { createStatusWriter } from '../sandbox/status-writer.ts';
import type { StatusWriter } from '../sandbox/status-writer.ts';
import { readProbeResult } from './probe-result.ts';
import type { ProbeStatus } from './probe-result.ts';
import { keepFetchedSkill, skillRequest } from './skill-source.ts';

interface ProbeEnd {
  outcome: Outcome;
  /** Absent when the check did not come to an answer. */
  probe?: ProbeStatus;
}

/**
 * Takes a Sandbox that checks something to its end: place, claim, runtime, answer, and nothing left of it. No Task has
 * to do with it, so there is no log and no work to keep. One that an earlier manager had begun is not gone on with:
 * whoever wants to know makes another.
 */
export class ProbeLifecycle implements SandboxLifecycle {
  readonly done: Promise<void>;
  readonly #context: SandboxContext;
  readonly #writer: StatusWriter<ProbeSandbox>;
  readonly #place: Place;
  readonly #cancel = new AbortController();
  /** Aborts when the Sandbox is deleted or ended by somebody else, and when the manager stops. */
  readonly #halt = new AbortController();
  readonly #stopping = new AbortController();
  #runtimeID: string | undefined;
  /** True once the outcome is ours to write. */
  #concluding: boolean;

  constructor(context: ExecutorContext, sandbox: ProbeSandbox) {
    const { namespace, name, uid = '' } = sandbox.metadata;
    const logger = context.logger.with({ sandbox: `${namespace}/${name}`, uid });
    this.#context = { ...context, ...context.hosts.sandboxes, logger };
    this.#writer = createStatusWriter({ ...this.#context, sandbox });
    this.#place = new Place({ ...this.#context, node: { taskUID: uid, node: 'probe' } });
    this.#runtimeID = runtimeOf(sandbox);
    this.#concluding = isFinal(sandbox);
    this.observe(sandbox);
    this.done = this.#run().finally(() => this.#place.leave());
  }

  get runtimeID(): string | undefined {
    return this.#runtimeID;
  }

  observe(next: Sandbox | undefined): void {
    const isGone = next === undefined || next.metadata.deletionTimestamp !== undefined;
    if (isGone) this.#halt.abort(new Error('the Sandbox is gone'));
    else if (isFinal(next) && !this.#concluding) this.#halt.abort(new Error('somebody else has ended it'));
    else if (next.spec.cancel === true) this.#cancel.abort(new Error('the check was cancelled'));
  }

  stop(): void {
    this.#stopping.abort(new Error('the manager stops'));
    this.#halt.abort(new Error('the manager stops'));
  }

  async #run(): Promise<void> {
    const halt = this.#halt.signal;
    try {
      if (!this.#concluding) await this.#conclude(await this.#check());
    } catch (error) {
      if (!halt.aborted && !isStatusError(error, 'Gone')) throw error;
      this.#context.logger.info('check given up', { cause: describeError(error) });
    }
    if (!this.#stopping.signal.aborted) await this.#removeRuntime();
  }

  async #conclude({ outcome, probe }: ProbeEnd): Promise<void> {
    this.#concluding = true;
    const { phase, reason, message } = outcome;
    this.#context.logger.info('check ended', { phase, reason, message });
    await this.#write((sandbox, now) => ({
      ...finished(sandbox, { outcome, lastEventSeq: undefined }, now),
      ...(probe === undefined ? {} : { probeResult: probe }),
    }));
  }

  async #check(): Promise<ProbeEnd> {
    const lost = 'The executor manager was started again in the middle of the check.';
    if (this.#runtimeID !== undefined) return { outcome: failed('ContainerLost', lost) };
    const signal = AbortSignal.any([this.#halt.signal, this.#cancel.signal]);
    try {
      return await this.#ask(await this.#start(signal), signal);
    } catch (error) {
      this.#halt.signal.throwIfAborted();
      if (isStatusError(error, 'Gone')) throw error;
      const isCancelled = this.#cancel.signal.aborted;
      return {
        outcome: isCancelled
          ? cancelled('The check was cancelled.')
          : notStarted('The check could not be made', error),
      };
    }
  }

  async #start(signal: AbortSignal): Promise<Runtime> {
    const { client, runtimes, executorName, inventory, driver } = this.#context;
    const { probe } = this.#writer.latest().spec;
    if (probe.image !== undefined && driver.capabilities.isolation === 'none') {
      throw badRequest(`Executor ${executorName} runs no images`);
    }
    await this.#place.take(signal, () =>
      this.#tell(waiting, `Executor ${executorName} is full; the check waits.`),
    );
    const { spec, metadata } = this.#writer.latest();
    const reservation = runtimes.reserve(runtimeNeed(spec, client), metadata.uid ?? '');
    const { runtimeID } = reservation;
    this.#runtimeID = runtimeID;
    try {
      await this.#write((sandbox, now) => claimed(sandbox, { executorName, runtimeID }, now));
    } catch (error) {
      this.#runtimeID = undefined;
      reservation.release();
      throw error;
    }
    (await untilAborted(inventory, signal)).add(runtimeID);
    const onProgress = (message: string): void => this.#tell(starting, message);
    const start = { ...this.#context, sandbox: this.#writer.latest(), signal, onProgress };
    return startWithEvents(reservation, start);
  }

  async #ask(runtime: Runtime, signal: AbortSignal): Promise<ProbeEnd> {
    const { client, clock, logger, times, runners } = this.#context;
    const { metadata, spec } = this.#writer.latest();
    const { probe, shell, timeoutSeconds } = spec;
    const { namespace = '' } = metadata;
    const runner = runners.of(runtime);
    try {
      await runner.ready(times.ready, signal);
      const image = { ...(shell === undefined ? {} : { shellType: shell.type }), ...probe.image };
      const request = {
        ...(probe.image === undefined ? {} : { image }),
        ...(probe.mcpServer === undefined ? {} : { mcpServer: await this.#realServer(probe.mcpServer) }),
        ...(probe.skill === undefined ? {} : { skill: await skillRequest(client, namespace, probe.skill) }),
        timeoutSeconds,
      };
      const ask = () => runner.probe(request, signal);
      const given = await retryUntilDone(ask, { clock, logger, signal, what: 'ask for a check' });
      const answer = await this.#kept(given, readProbeResult(given));
      const { message } = answer;
      return {
        outcome: { phase: 'Succeeded', reason: 'Succeeded', message, fromRunner: true },
        probe: answer,
      };
    } finally {
      await runner.close();
    }
  }

  /** The entry with the values that no object may hold. @throws StatusError NotFound that names what is missing. */
  async #realServer(entry: Record<string, unknown>): Promise<Record<string, unknown>> {
    const real = await entryValues(this.#context.client, entry);
    return withRealValues({ entry }, { entry: real })['entry'] ?? entry;
  }

  /** The answer; the package of a skill in it is kept before anybody learns of it. */
  async #kept(given: unknown, answer: ProbeStatus): Promise<ProbeStatus> {
    const { metadata, spec } = this.#writer.latest();
    const { skill } = spec.probe;
    if (skill === undefined || !answer.ok) return answer;
    const place = { namespace: metadata.namespace ?? '', name: skill.name };
    return keepFetchedSkill(this.#context.client, place, { given, answer });
  }

  #write(change: (sandbox: Sandbox, now: number) => SandboxStatus): Promise<void> {
    const { clock } = this.#context;
    return this.#writer.write((sandbox) => change(sandbox, clock.now()), this.#halt.signal);
  }

  /** For work that nothing waits for. */
  #tell(status: (sandbox: Sandbox, message: string, now: number) => SandboxStatus, message: string): void {
    this.#write((sandbox, now) => status(sandbox, message, now)).catch((error: unknown) => {
      this.#context.logger.debug('status not written', { cause: describeError(error) });
    });
  }

  /** A runtime that cannot be removed is left for the sweep. */
  async #removeRuntime(): Promise<void> {
    const { driver, inventory, clock, logger } = this.#context;
    const runtimeID = this.#runtimeID;
    const signal = this.#stopping.signal;
    try {
      const known = await untilAborted(inventory, signal);
      if (runtimeID === undefined || !known.has(runtimeID)) return;
      await retryUntilDone(() => driver.remove(runtimeID), {
        clock,
        logger,
        signal,
        what: 'remove a sandbox',
      });
      known.delete(runtimeID);
    } catch (error) {
      if (!signal.aborted)
        logger.error('a runtime is left for the sweep', { runtime: runtimeID, cause: describeError(error) });
    }
  }
}
