import type { HistogramMetric, Meter, Metric } from '#api/machinery/meter';

/**
 * Where the time of a start goes: waiting for a place, the claim of the Sandbox, the start of a runtime, and then until
 * the agent runs, which includes the runner's readiness and the work that is handed over.
 */
const PHASES = ['place', 'claim', 'start', 'run'] as const;
export type StartPhase = (typeof PHASES)[number];

/** The figures of one executor. No label names a Sandbox or a Task. */
export interface ExecutorFigures {
  /** One phase of one start took so many milliseconds. */
  passed(phase: StartPhase, ms: number): void;
  /** Events are in the log of their Task, the oldest so many milliseconds after it happened. */
  relayed(events: number, lagMs: number): void;
}

export interface ExecutorFiguresOptions {
  meter: Meter;
  places: { total: number; taken(): number };
}

const START: HistogramMetric = {
  name: 'troupe_sandbox_start_seconds',
  help: 'How long the phases of the start of a sandbox take.',
  labels: ['phase'],
  buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
};
const LAG: HistogramMetric = {
  name: 'troupe_relay_lag_seconds',
  help: 'How long after it happened an event is in the log of its Task.',
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300],
};
const EVENTS: Metric = { name: 'troupe_relay_events_total', help: 'Events taken into the logs of Tasks.' };
const TAKEN: Metric = { name: 'troupe_places_in_use', help: 'Sandboxes that have a place.' };
const TOTAL: Metric = { name: 'troupe_places', help: 'Sandboxes that may have a place at once.' };

export function executorFigures({ meter, places }: ExecutorFiguresOptions): ExecutorFigures {
  const phases = new Map(PHASES.map((phase) => [phase, meter.histogram(START, { phase })]));
  const lag = meter.histogram(LAG);
  const events = meter.counter(EVENTS);
  meter.gauge(TAKEN, {}, places.taken);
  meter.gauge(TOTAL, {}, () => places.total);
  return {
    passed: (phase, ms) => phases.get(phase)?.observe(ms / 1000),
    relayed(count, lagMs) {
      events.add(count);
      lag.observe(Math.max(0, lagMs) / 1000);
    },
  };
}
