import type { Clock } from '#api/machinery/clock';
import type { Logger } from '#api/machinery/logger';
import { StatusError } from '#api/machinery/status-error';
import { REMOVED } from '../driver.ts';
import type {
  DriverCapabilities,
  EngineState,
  Runtime,
  RuntimeDriver,
  RuntimeExit,
  RuntimeSpec,
} from '../driver.ts';
import type { LaunchOptions } from './launch.ts';
import { RunnerRecords } from './runner-records.ts';
import { newRunnerID, readShareID, shareID } from './share-id.ts';
import { SharedRunner } from './shared-runner.ts';

export interface SharedDriverOptions {
  /** Folder of the records of its runners. */
  folder: string;
  launch: Omit<LaunchOptions, 'tokenHash'>;
  tokenFor: (runnerID: string) => { token: string; hash: string };
  clock: Clock;
  logger: Logger;
}

/**
 * Runs runs that only talk: each runtime is a share of one process, and has no workspace. Isolation is that of the
 * process from the machine; between its runs there is none, since none of them runs code of its own.
 */
export class SharedDriver implements RuntimeDriver {
  readonly name = 'shared';
  readonly capabilities: DriverCapabilities = { isolation: 'none', limits: [] };
  readonly #options: SharedDriverOptions;
  readonly #records: RunnerRecords;
  /** Those that live, and the one that is to be started, by id. */
  readonly #runners = new Map<string, SharedRunner>();
  /** Gets the runs that begin. One of an earlier manager gets none: it may be of an older version. */
  #current: SharedRunner | undefined;
  #adopted: Promise<void> | undefined;

  constructor(options: SharedDriverOptions) {
    this.#options = options;
    this.#records = new RunnerRecords(options.folder);
  }

  /** The id of a runtime for a run; nothing is started. */
  newShare(runID: string): string {
    if (this.#current === undefined || this.#current.ended) this.#current = this.#newRunner();
    return shareID(this.#current.id, runID);
  }

  /** Whether a runtime of this id is a share. */
  static isShare(id: string): boolean {
    return readShareID(id) !== undefined;
  }

  check(): Promise<EngineState> {
    return Promise.resolve({ ready: true, message: 'A process of this machine.' });
  }

  /** @throws StatusError InternalError when the runner cannot be started, or has ended. */
  async start({ id }: Pick<RuntimeSpec, 'id'>): Promise<Runtime> {
    const runner = this.#runnerOf(id);
    if (runner === undefined) {
      throw new StatusError('InternalError', 'the shared runner ended before the run was started');
    }
    await runner.start();
    return runtime(runner, id);
  }

  async list(): Promise<Runtime[]> {
    await this.#adopt();
    const started = [...this.#runners.values()].filter(({ address }) => address.port > 0);
    const held = await Promise.all(
      started.map(async (runner) => (await runner.runs()).map((runID) => shareID(runner.id, runID))),
    );
    return started.flatMap((runner, index) => (held[index] ?? []).map((id) => runtime(runner, id)));
  }

  async exited(id: string, signal: AbortSignal): Promise<RuntimeExit> {
    const how = (await this.#runnerOf(id)?.exited(signal)) ?? REMOVED;
    return { how, outOfMemory: false };
  }

  /** The same as `remove`: a share has no workspace that could be kept. */
  stop(id: string): Promise<void> {
    return this.remove(id);
  }

  async remove(id: string): Promise<void> {
    await this.#runnerOf(id)?.remove(readShareID(id)?.runID ?? '');
  }

  /** Lets go of the process: it keeps the runs that it has for the next manager, and ends with the last. */
  release(): void {
    for (const runner of this.#runners.values()) runner.release();
  }

  #runnerOf(id: string): SharedRunner | undefined {
    return this.#runners.get(readShareID(id)?.runnerID ?? '');
  }

  #newRunner(): SharedRunner {
    const id = newRunnerID();
    const runner = new SharedRunner({ ...this.#runnerOptions(id), id });
    this.#runners.set(id, runner);
    return runner;
  }

  #runnerOptions(id: string) {
    const { launch, tokenFor, clock, logger } = this.#options;
    const onEnd = (): void => void this.#runners.delete(id);
    return { launch, token: tokenFor(id), records: this.#records, clock, logger, onEnd };
  }

  /** Finds those of earlier managers, once; again when that failed. */
  #adopt(): Promise<void> {
    this.#adopted ??= this.#adoptAll().catch((error: unknown) => {
      this.#adopted = undefined;
      throw error;
    });
    return this.#adopted;
  }

  async #adoptAll(): Promise<void> {
    for (const record of await this.#records.loadAll()) {
      if (this.#runners.has(record.id)) continue;
      const runner = await SharedRunner.adopt(record, this.#runnerOptions(record.id));
      if (runner !== undefined) this.#runners.set(record.id, runner);
    }
  }
}

function runtime(runner: SharedRunner, id: string): Runtime {
  const { name, address } = runner;
  return { id, name, address, sharedRunner: runner.id, running: !runner.ended };
}
