import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { HistogramMetric, Labels, Meter, Metric } from '../machinery/meter.ts';

/** The figures of one process, as text for Prometheus. */
export interface Exposition {
  text(): Promise<string>;
  readonly contentType: string;
}

export type PrometheusMeter = Exposition & { meter: Meter };

/** A meter of its own for each process, or server in a test. It has figures of the process (`process_`, `nodejs_`) too. */
export function createPrometheusMeter(): PrometheusMeter {
  const register = new Registry();
  collectDefaultMetrics({ register });
  const counters = new Metrics((metric: Metric) => {
    const counter = new Counter(configuration(metric, register));
    return (labels) => {
      counter.inc(labels, 0);
      return { add: (by = 1) => counter.inc(labels, by) };
    };
  });
  const histograms = new Metrics((metric: HistogramMetric) => {
    const histogram = new Histogram({ ...configuration(metric, register), buckets: [...metric.buckets] });
    return (labels) => {
      histogram.zero(labels);
      return { observe: (value: number) => histogram.observe(labels, value) };
    };
  });
  const gauges = new Metrics((metric: Metric) => {
    const series: GaugeSeries[] = [];
    const gauge: Gauge = new Gauge({
      ...configuration(metric, register),
      collect() {
        for (const { labels, read } of series) gauge.set(labels, read());
      },
    });
    return (labels) => {
      const one: GaugeSeries = { labels, read: () => 0 };
      series.push(one);
      return one;
    };
  });
  const meter: Meter = {
    counter: (metric, labels = {}) => counters.series(metric, labels),
    histogram: (metric, labels = {}) => histograms.series(metric, labels),
    gauge(metric, labels, read) {
      gauges.series(metric, labels).read = read;
    },
  };
  return { meter, text: () => register.metrics(), contentType: register.contentType };
}

interface GaugeSeries {
  labels: Labels;
  read: () => number;
}

/** The series of all metrics of one type. Several parts of a process share a metric, each with a series of its own. */
class Metrics<M extends Metric, S> {
  readonly #make: (metric: M) => (labels: Labels) => S;
  readonly #known = new Map<string, { make: (labels: Labels) => S; series: Map<string, S> }>();

  /** @param make gives, for a new metric, how to make one series of it */
  constructor(make: (metric: M) => (labels: Labels) => S) {
    this.#make = make;
  }

  series(metric: M, labels: Labels): S {
    let known = this.#known.get(metric.name);
    if (known === undefined) {
      known = { make: this.#make(metric), series: new Map() };
      this.#known.set(metric.name, known);
    }
    const key = (metric.labels ?? []).map((name) => labels[name] ?? '').join('\0');
    let series = known.series.get(key);
    if (series === undefined) {
      series = known.make(labels);
      known.series.set(key, series);
    }
    return series;
  }
}

function configuration({ name, help, labels = [] }: Metric, register: Registry) {
  return { name, help, labelNames: [...labels], registers: [register] };
}
