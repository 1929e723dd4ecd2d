import { startProcess } from './process.ts';
import type { RunningProcess } from './process.ts';

/** What a test may do to a server. */
export interface Restartable {
  /** SIGKILL, as a crash is. Resolves when the process is gone. */
  kill(): Promise<void>;
  /** An orderly end. */
  stop(): Promise<void>;
  /** Starts what was killed or stopped; `settings` come after those of before and hold for this run. */
  start(settings?: readonly string[]): Promise<void>;
  /** Stops the process in its tracks: its port accepts, and nothing answers. */
  pause(): void;
  resume(): void;
}

export interface RestartableOptions {
  command: string;
  args: readonly string[];
  /** Whether it serves. */
  ready(): Promise<boolean>;
  /** Milliseconds that an orderly end may take; default 10,000. */
  patienceMs?: number;
}

/** A server that is started again with what it was started with. */
export class RestartableProcess {
  readonly #options: RestartableOptions;
  #process: RunningProcess | undefined;

  constructor(options: RestartableOptions) {
    this.#options = options;
  }

  get controls(): Restartable {
    return {
      kill: () => this.#kill(),
      stop: () => this.stop(),
      start: (settings) => this.start(settings),
      pause: () => this.#signal('SIGSTOP'),
      resume: () => this.#signal('SIGCONT'),
    };
  }

  async start(settings: readonly string[] = []): Promise<void> {
    const { command, args, ready, patienceMs } = this.#options;
    const started = await startProcess({
      ...{ command, args: [...args, ...settings] },
      ...(patienceMs === undefined ? {} : { patienceMs }),
    });
    this.#process = started;
    void started.exited.then(() => {
      if (this.#process === started) this.#process = undefined;
    });
    await started.until({ what: 'serve', ready, timeoutMs: 60_000 });
  }

  async stop(): Promise<void> {
    // One that was paused would not hear that it is to end.
    this.#signal('SIGCONT');
    await this.#process?.stop();
    this.#process = undefined;
  }

  async #kill(): Promise<void> {
    this.#signal('SIGKILL');
    await this.#process?.exited;
    this.#process = undefined;
  }

  #signal(signal: 'SIGCONT' | 'SIGKILL' | 'SIGSTOP'): void {
    if (this.#process !== undefined) process.kill(this.#process.pid, signal);
  }
}
