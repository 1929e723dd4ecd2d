import { readFileSync } from 'node:fs';

/** Resident memory of a process in MiB, over all its lives. */
export interface Memory {
  first: number;
  most: number;
  last: number;
}

/** Measures a process when it has started, and before it ends. */
export class MemoryMeter {
  readonly #measured: number[] = [];

  measure(pid: number): void {
    const [, kib = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    this.#measured.push(Math.round(Number(kib) / 1024));
  }

  memory(): Memory {
    const all = this.#measured;
    return { first: all[0] ?? 0, most: Math.max(0, ...all), last: all.at(-1) ?? 0 };
  }
}
