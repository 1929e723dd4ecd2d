import type { ChildProcess } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { sleep } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { describeError } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import { StatusError } from '#api/machinery/status-error';
import { createRunnerClient } from '../../run/runner-client.ts';
import type { RunnerClient } from '../../run/runner-client.ts';
import type { RuntimeAddress } from '../driver.ts';
import { signalTree, startTime } from '../process/process-table.ts';
import { describeExit, lastWords, launchRunner } from './launch.ts';
import type { LaunchOptions } from './launch.ts';
import type { RunnerRecord, RunnerRecords } from './runner-records.ts';

export interface SharedRunnerOptions {
  id: string;
  launch: Omit<LaunchOptions, 'tokenHash'>;
  token: { token: string; hash: string };
  records: RunnerRecords;
  clock: Clock;
  logger: Logger;
  /** Called once, when its process has ended. */
  onEnd: () => void;
}

/** A process that is not our child can only be asked for. */
const LOOK_MS = 250;
/** How often a runner is asked whether it still answers; it is given up when it does not answer within the client's time. */
const CHECK_MS = 10_000;

/** One process that many runs share: started by this manager, or found from one before. */
export class SharedRunner {
  readonly id: string;
  readonly #options: SharedRunnerOptions;
  readonly #waiting = new Set<() => void>();
  #starting: Promise<void> | undefined;
  #record: RunnerRecord | undefined;
  #client: RunnerClient | undefined;
  /** Our child; it lives on without us, see release. */
  #child: ChildProcess | undefined;
  /** How it has ended. */
  #end: string | undefined;

  constructor(options: SharedRunnerOptions) {
    this.id = options.id;
    this.#options = options;
  }

  /** A runner that an earlier manager has started; undefined when it has ended, and then nothing of it is left. */
  static async adopt(
    record: RunnerRecord,
    options: Omit<SharedRunnerOptions, 'id'>,
  ): Promise<SharedRunner | undefined> {
    const runner = new SharedRunner({ ...options, id: record.id });
    runner.#record = record;
    if (!(await runner.#isAlive())) {
      await runner.#removeRest();
      return undefined;
    }
    runner.#connect(record.port);
    void runner.#lookUntilEnd();
    return runner;
  }

  get ended(): boolean {
    return this.#end !== undefined;
  }

  /** Once it was started. */
  get name(): string {
    return `pid/${this.#record?.pid ?? 0}`;
  }

  /** Once it was started. */
  get address(): RuntimeAddress {
    return { host: '127.0.0.1', port: this.#record?.port ?? 0 };
  }

  /** Starts it, once however many ask. @throws StatusError when it does not come to listen. */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** Ids of the runs that it holds. @throws StatusError ServiceUnavailable when it does not answer. */
  async runs(): Promise<string[]> {
    return this.ended ? [] : await this.#must().list();
  }

  /** Ends a run and forgets it; those of a process that has ended are gone. @throws StatusError as runs. */
  async remove(runID: string): Promise<void> {
    if (this.ended || this.#client === undefined) return;
    try {
      await this.#client.remove(runID);
    } catch (error) {
      if (!this.ended) throw error;
    }
  }

  /** Resolves with how it has ended. Rejects when `signal` aborts. */
  exited(signal: AbortSignal): Promise<string> {
    return new Promise((resolve, reject) => {
      const onEnd = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve(this.#end ?? 'ended');
      };
      const onAbort = (): void => {
        this.#waiting.delete(onEnd);
        reject(signal.reason as Error);
      };
      if (signal.aborted) reject(signal.reason as Error);
      else if (this.ended) onEnd();
      else {
        this.#waiting.add(onEnd);
        signal.addEventListener('abort', onAbort, { once: true });
      }
    });
  }

  /** This manager will not start another run in it: it keeps those that it has, and ends with the last. */
  release(): void {
    this.#child?.stdin?.destroy();
  }

  async #start(): Promise<void> {
    const { launch, token, records, logger } = this.#options;
    try {
      const { child, port, state } = await launchRunner({ ...launch, tokenHash: token.hash });
      this.#child = child;
      child.stdin?.on('error', () => undefined); // it ended at this moment, which the exit tells
      child.once('exit', () => void this.#finish(describeExit(child)));
      const pid = child.pid ?? 0;
      const began = await startTime(pid);
      this.#record = { id: this.id, pid, port, state, ...(began === undefined ? {} : { startTime: began }) };
      await records.save(this.#record);
      this.#connect(port);
      logger.info('shared runner started', { runner: this.id, pid, port });
    } catch (error) {
      this.release();
      await this.#finish('could not be started');
      throw error;
    }
  }

  #connect(port: number): void {
    const { token, clock } = this.#options;
    const address = { host: '127.0.0.1', port };
    this.#client = createRunnerClient({ address, token: token.token, clock });
    void this.#watch(this.#client);
  }

  #must(): RunnerClient {
    if (this.#client !== undefined) return this.#client;
    throw new StatusError('ServiceUnavailable', 'the shared runner is not started yet');
  }

  /** Ends a process that hangs: nobody's run can go on in it, and nobody would notice. */
  async #watch(client: RunnerClient): Promise<void> {
    const { clock, logger } = this.#options;
    const over = new AbortController();
    this.#waiting.add(() => over.abort(new Error('it has ended')));
    try {
      for (;;) {
        await sleep(clock, CHECK_MS, over.signal);
        await client.list();
      }
    } catch (error) {
      const pid = this.#record?.pid;
      if (over.signal.aborted || pid === undefined || !(await this.#isAlive())) return;
      logger.error('the shared runner hangs and is ended', { runner: this.id, cause: describeError(error) });
      signalTree(pid, 'SIGKILL');
    }
  }

  async #isAlive(): Promise<boolean> {
    const { pid, startTime: began } = this.#record ?? {};
    return pid !== undefined && began !== undefined && (await startTime(pid)) === began;
  }

  async #lookUntilEnd(): Promise<void> {
    while (await this.#isAlive()) await sleep(this.#options.clock, LOOK_MS);
    await this.#finish('ended');
  }

  async #finish(how: string): Promise<void> {
    if (this.ended) return;
    this.#end = how;
    for (const tell of this.#waiting) tell();
    this.#waiting.clear();
    this.#options.onEnd();
    await this.#client?.close();
    await this.#removeRest();
  }

  /** Rejects never: what stays takes a little room. */
  async #removeRest(): Promise<void> {
    const { records, logger } = this.#options;
    const { state } = this.#record ?? {};
    try {
      if (state !== undefined) {
        const words = await lastWords(state);
        logger.info('shared runner ended', { runner: this.id, how: this.#end, ...(words && { words }) });
        await rm(state, { recursive: true, force: true });
      }
      await records.remove(this.id);
    } catch (error) {
      logger.warn('the rest of a shared runner is not removed', { cause: describeError(error) });
    }
  }
}
