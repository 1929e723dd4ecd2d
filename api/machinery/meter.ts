/** Figures as a dependency: who counts knows nothing of who collects. Names and units are Prometheus' (seconds, bytes). */
export interface Meter {
  /** The series of `metric` with these labels. It exists from now on, with 0, so that a rate of it is known. */
  counter(metric: Metric, labels?: Labels): Counter;
  /** A series whose value is asked for whenever somebody looks; asked for again, the newest `read` counts. */
  gauge(metric: Metric, labels: Labels, read: () => number): void;
  /** The series of `metric` with these labels; it exists from now on, empty. */
  histogram(metric: HistogramMetric, labels?: Labels): Histogram;
}

/** Values of labels come from small fixed sets: each new one is a series that is kept for good. Never names of objects. */
export type Labels = Readonly<Record<string, string>>;

export interface Metric {
  /** As `workqueue_depth`; counters end with `_total`. */
  name: string;
  help: string;
  /** Names of the labels that every series of it has. */
  labels?: readonly string[];
}

export interface HistogramMetric extends Metric {
  /** Upper bounds, rising. */
  buckets: readonly number[];
}

export interface Counter {
  /** @param by default 1 */
  add(by?: number): void;
}

export interface Histogram {
  observe(value: number): void;
}

/** Counts nothing; the default where no meter was given. */
export const silentMeter: Meter = {
  counter: () => ({ add() {} }),
  gauge() {},
  histogram: () => ({ observe() {} }),
};
