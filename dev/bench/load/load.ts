import { cpuMicroseconds } from './cpu-time.ts';

export interface LoadOptions {
  count: number;
  /** How many calls are under way at the same time. */
  concurrency: number;
  call: (index: number) => Promise<unknown>;
  /** Of the server or its replicas, whose processor time is measured, too: it says more than the clock on a busy machine. */
  pid?: number | readonly number[];
}

export interface Load {
  perSecond: number;
  /** Microseconds of processor time that the server took for each call. */
  cpuUs?: number;
  p50Ms: number;
  p99Ms: number;
}

/** Makes `count` calls and measures each. The first failed call fails the whole. */
export async function load(options: LoadOptions): Promise<Load> {
  const latencies: number[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < options.count) {
      const index = next;
      next += 1;
      const start = performance.now();
      await options.call(index);
      latencies.push(performance.now() - start);
    }
  };
  const taken = (): Promise<number> => cpuMicroseconds(...[options.pid ?? []].flat());
  const before = await taken();
  const start = performance.now();
  await Promise.all(Array.from({ length: options.concurrency }, worker));
  const seconds = (performance.now() - start) / 1000;
  const cpuUs = ((await taken()) - before) / options.count;
  return {
    perSecond: options.count / seconds,
    ...percentiles(latencies),
    ...(options.pid === undefined ? {} : { cpuUs }),
  };
}

/** The median and the 99th percentile by nearest rank. */
export function percentiles(values: readonly number[]): { p50Ms: number; p99Ms: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = (share: number): number =>
    sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
  return { p50Ms: rank(0.5), p99Ms: rank(0.99) };
}
