import type { Writable } from 'node:stream';
import type { Clock } from '../clock.ts';

/**
 * The end of a program that has said all: its input is closed, by which most know it, and after a while it is asked to
 * end, since a program may hang with its answer given. Its answer counts either way.
 */
export class ProgramEnd {
  readonly #clock: Clock;
  readonly #patienceMs: number;
  readonly #stop = new AbortController();
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, patienceMs: number) {
    this.#clock = clock;
    this.#patienceMs = patienceMs;
  }

  /** Aborts when the program is to be asked to end. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  begin(stdin: Writable | undefined): void {
    stdin?.end();
    this.#cancel ??= this.#clock.after(this.#patienceMs, () => this.#stop.abort());
  }

  /** The program is gone. */
  close(): void {
    this.#cancel?.();
  }
}
