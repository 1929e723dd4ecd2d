import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { projectRoot } from '../environment/cache-folder.ts';
import { startProcess } from '../environment/process.ts';
import type { RunningProcess } from '../environment/process.ts';
import { MemoryMeter } from './memory.ts';
import type { Memory } from './memory.ts';

/** A part of the installation that can be killed and started again. */
export interface Member extends AsyncDisposable {
  readonly name: string;
  /** SIGKILL. Resolves when it is gone. */
  kill(): Promise<void>;
  /** Resolves when it works. */
  start(): Promise<void>;
  /** How it ended though nobody had told it to, each time. */
  readonly unexpectedEnds: readonly string[];
  /** Of one of Troupe's processes. */
  memory?(): Memory;
}

export interface TroupeOptions {
  name: string;
  /** Command line after `troupe`. */
  args: readonly string[];
  env: Record<string, string>;
  /** Folder for its log, which goes on over all its lives. */
  logs: string;
}

/** One of Troupe's processes. */
export class TroupeMember implements Member {
  readonly name: string;
  readonly unexpectedEnds: string[] = [];
  readonly #options: TroupeOptions;
  readonly #meter = new MemoryMeter();
  #process: RunningProcess | undefined;

  constructor(options: TroupeOptions) {
    this.name = options.name;
    this.#options = options;
  }

  async start(): Promise<void> {
    const { name, args, env, logs } = this.#options;
    let isReady = false;
    const started = await startProcess({
      command: path.join(projectRoot, 'bin/troupe'),
      args,
      env: { ...process.env, ...env },
      onLine: (line) => {
        isReady ||= / ready/.test(line) && line.startsWith('troupe ');
        appendFileSync(path.join(logs, `${name}.log`), `${line}\n`);
      },
      patienceMs: 30_000,
    });
    this.#process = started;
    void started.exited.then((end) => {
      if (this.#process !== started) return;
      this.#process = undefined;
      const last = started.output().trimEnd().split('\n').at(-1) ?? '';
      this.unexpectedEnds.push(`${name} ended by itself (${end}): ${last}`);
    });
    await started.until({ what: 'get ready', ready: () => isReady, timeoutMs: 120_000 });
    this.#meter.measure(started.pid);
  }

  memory(): Memory {
    if (this.#process !== undefined) this.#meter.measure(this.#process.pid);
    return this.#meter.memory();
  }

  async kill(): Promise<void> {
    const running = this.#process;
    if (running === undefined) return;
    this.#process = undefined;
    this.#meter.measure(running.pid);
    process.kill(running.pid, 'SIGKILL');
    await running.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    await running?.stop();
  }
}
