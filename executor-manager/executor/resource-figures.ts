import type { Clock } from '#api/machinery/clock';
import type { Logger } from '#api/machinery/logger';
import type { Meter, Metric } from '#api/machinery/meter';
import { startRounds } from '#api/machinery/rounds';
import type { Rounds } from '#api/machinery/rounds';
import type { RuntimeDriver, RuntimeUsage } from '../drivers/driver.ts';

export interface ResourceFiguresOptions {
  driver: Pick<RuntimeDriver, 'usage'>;
  meter: Meter;
  clock: Clock;
  logger: Logger;
}

const CPU: Metric = {
  name: 'troupe_sandboxes_cpu_seconds_total',
  help: 'Processor time of all sandboxes of the executor together.',
};
const MEMORY: Metric = {
  name: 'troupe_sandboxes_memory_bytes',
  help: 'Memory of all sandboxes of the executor together, as it was sampled last.',
};

/** A sample of a container costs the engine some milliseconds. */
const EVERY_MS = 15_000;

/** Samples what the sandboxes of an executor use, in sum: one series, however many there are. */
export function showResources({ driver, meter, clock, logger }: ResourceFiguresOptions): Rounds {
  if (driver.usage === undefined) return { stop: () => Promise.resolve() };
  const usage = driver.usage.bind(driver);
  const cpu = meter.counter(CPU);
  const known = new CPUTimes();
  let memory = 0;
  meter.gauge(MEMORY, {}, () => memory);
  return startRounds({
    pause: () => EVERY_MS,
    failure: 'the use of sandboxes was not sampled',
    ...{ clock, logger },
    async round() {
      const samples = await usage();
      cpu.add(known.take(samples));
      memory = samples.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
    },
  });
}

/** The processor times of runtimes as they were last seen; what one has used since then is counted once. */
export class CPUTimes {
  #known = new Map<string, number>();

  /** The seconds that were used since the last time. A runtime that was started again begins again with 0. */
  take(samples: readonly RuntimeUsage[]): number {
    const next = new Map(samples.map(({ id, cpuSeconds }) => [id, cpuSeconds]));
    let used = 0;
    for (const [id, seconds] of next) {
      const before = this.#known.get(id) ?? 0;
      used += seconds >= before ? seconds - before : seconds;
    }
    this.#known = next;
    return used;
  }
}
