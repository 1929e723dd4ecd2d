import type { HistogramMetric, Meter, Metric } from '#api/machinery/meter';

/** The figures of one work queue, under the names of client-go's (component-base/metrics/prometheus/workqueue). */
export interface QueueFigures {
  /** A key joined the line, or will when its work is done. */
  added(): void;
  /** A key left the line after so many milliseconds. */
  waited(ms: number): void;
  /** A key was worked on for so many milliseconds. */
  worked(ms: number): void;
  retried(): void;
}

export interface QueueFiguresOptions {
  name: string;
  meter: Meter;
  depth(): number;
  /** For each key that is worked on: since how many milliseconds. */
  work(): readonly number[];
}

const labels = ['name', 'controller'];
/** From 0.1 ms to 100 s by tens, and what lies between where most values are. */
const buckets = [0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 50, 100];
const metric = (name: string, help: string): Metric => ({ name: `workqueue_${name}`, help, labels });
const histogram = (name: string, help: string): HistogramMetric => ({ ...metric(name, help), buckets });

const DEPTH = metric('depth', 'Keys in line.');
const ADDS = metric('adds_total', 'Keys that joined the line.');
const QUEUE_TIME = histogram('queue_duration_seconds', 'How long a key stays in line.');
const WORK_TIME = histogram('work_duration_seconds', 'How long a key is worked on.');
const RETRIES = metric('retries_total', 'Keys that were put off for later.');
const UNFINISHED = metric(
  'unfinished_work_seconds',
  'How long all keys that are worked on have been, together.',
);
const LONGEST = metric(
  'longest_running_processor_seconds',
  'How long the key that is worked on the longest has been.',
);

export function queueFigures({ name, meter, depth, work }: QueueFiguresOptions): QueueFigures {
  const of = { name, controller: name };
  const adds = meter.counter(ADDS, of);
  const retries = meter.counter(RETRIES, of);
  const queueTime = meter.histogram(QUEUE_TIME, of);
  const workTime = meter.histogram(WORK_TIME, of);
  meter.gauge(DEPTH, of, depth);
  meter.gauge(UNFINISHED, of, () => work().reduce((sum, ms) => sum + ms, 0) / 1000);
  meter.gauge(LONGEST, of, () => Math.max(0, ...work()) / 1000);
  return {
    added: () => adds.add(),
    waited: (ms) => queueTime.observe(ms / 1000),
    worked: (ms) => workTime.observe(ms / 1000),
    retried: () => retries.add(),
  };
}
