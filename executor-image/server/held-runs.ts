import type { RunRequest } from '#executor-manager/protocol/run';
import type { Run } from '../run/run.ts';
import { HttpError } from './http-error.ts';

export interface HeldRunsOptions {
  /** Throws the system's error when a run cannot even begin. */
  startRun: (id: string, request: RunRequest) => Promise<Run>;
  /** Called when the last run was forgotten. */
  onEmpty?: () => void;
}

/** The runs of a runner, from the call that starts one until the one that deletes it. */
export class HeldRuns {
  readonly #options: HeldRunsOptions;
  /** In the order they came; a promise, since two calls with one id may come at once. */
  readonly #runs = new Map<string, Promise<Run>>();
  /** The last run that was started; without `run` while it begins. */
  #latest: { id: string; run?: Run } | undefined;

  constructor(options: HeldRunsOptions) {
    this.#options = options;
  }

  /** The last run that was started, whatever has become of it. */
  get latest(): { id: string; going: boolean } | undefined {
    if (this.#latest === undefined) return undefined;
    const { id, run } = this.#latest;
    return { id, going: run === undefined || run.state().phase === 'Running' };
  }

  get size(): number {
    return this.#runs.size;
  }

  ids(): string[] {
    return [...this.#runs.keys()];
  }

  /** Throws HttpError NotFound. */
  async get(id: string): Promise<Run> {
    const run = this.#runs.get(id);
    if (run === undefined) throw new HttpError(404, 'NotFound', `run ${id} was not started here`);
    return run;
  }

  /** Undefined when no run of that id was started. */
  find(id: string): Promise<Run> | undefined {
    return this.#runs.get(id);
  }

  /** Nothing is waited for before the run is held: of two calls at once, one must see the other. */
  async start(id: string, request: RunRequest): Promise<Run> {
    const started = this.#options.startRun(id, request);
    const latest: { id: string; run?: Run } = { id };
    this.#runs.set(id, started);
    this.#latest = latest;
    try {
      latest.run = await started;
      return latest.run;
    } catch (error) {
      this.#forget(id, latest);
      throw error;
    }
  }

  /** Ends a run and removes what is kept of it. Idempotent. */
  async discard(id: string): Promise<void> {
    const started = this.#runs.get(id);
    if (started === undefined) return;
    const run = await started.catch(() => undefined); // one that never began has told its caller
    await run?.discard();
    this.#forget(id, this.#latest);
    if (this.#runs.size === 0) this.#options.onEmpty?.();
  }

  /** Whether a run is under way, or begins. */
  async goesOn(): Promise<boolean> {
    const runs = await Promise.all(
      [...this.#runs.values()].map((starting) => starting.catch(() => undefined)),
    );
    return runs.some((run) => run?.state().phase === 'Running');
  }

  /** Asks all to end, and waits for that. */
  async cancelAll(): Promise<void> {
    const runs = await Promise.all(
      [...this.#runs.values()].map((starting) => starting.catch(() => undefined)),
    );
    const going = runs.filter((run) => run !== undefined);
    for (const run of going) run.cancel();
    await Promise.all(going.map(({ done }) => done));
  }

  #forget(id: string, latest: { id: string } | undefined): void {
    this.#runs.delete(id);
    if (latest?.id === id && this.#latest?.id === id) this.#latest = undefined;
  }
}
