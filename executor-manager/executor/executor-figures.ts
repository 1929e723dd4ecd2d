import type { HistogramMetric, Meter, Metric } from '#api/machinery/meter';

/**
 * Where the time of a start goes: waiting for a place, the claim of the Sandbox, the start of a runtime, the readiness
 * of its runner, and then until the agent runs, which includes the work that is handed over.
 */
const PHASES = ['place', 'claim', 'start', 'ready', 'run'] as const;
export type StartPhase = (typeof PHASES)[number];

/** A Sandbox that nobody has taken up yet counts as Pending. */
const LIVE_PHASES = ['Pending', 'Starting', 'Running'] as const;
export type LivePhase = (typeof LIVE_PHASES)[number];

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
  /** For runs that share a process, where there are any. */
  conversations?: { total: number; taken(): number };
  /** Of the machine, where the driver publishes any. */
  ports?: { total: number; inUse(): number };
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
const CONVERSATIONS_TAKEN: Metric = {
  name: 'troupe_conversations_in_use',
  help: 'Sandboxes that share the process of conversations.',
};
const CONVERSATIONS: Metric = {
  name: 'troupe_conversations',
  help: 'Sandboxes that may share the process of conversations at once.',
};
const PORTS_IN_USE: Metric = { name: 'troupe_ports_in_use', help: 'Ports that runtimes are published on.' };
const PORTS: Metric = { name: 'troupe_ports', help: 'Ports that runtimes may be published on.' };
const SANDBOXES: Metric = {
  name: 'troupe_sandboxes',
  help: 'Sandboxes of this executor that have not ended.',
  labels: ['phase'],
};

export function executorFigures(options: ExecutorFiguresOptions): ExecutorFigures {
  const { meter, places, conversations, ports } = options;
  const phases = new Map(PHASES.map((phase) => [phase, meter.histogram(START, { phase })]));
  const lag = meter.histogram(LAG);
  const events = meter.counter(EVENTS);
  meter.gauge(TAKEN, {}, places.taken);
  meter.gauge(TOTAL, {}, () => places.total);
  if (conversations !== undefined) {
    meter.gauge(CONVERSATIONS_TAKEN, {}, conversations.taken);
    meter.gauge(CONVERSATIONS, {}, () => conversations.total);
  }
  if (ports !== undefined) {
    meter.gauge(PORTS_IN_USE, {}, ports.inUse);
    meter.gauge(PORTS, {}, () => ports.total);
  }
  return {
    passed: (phase, ms) => phases.get(phase)?.observe(ms / 1000),
    relayed(count, lagMs) {
      events.add(count);
      lag.observe(Math.max(0, lagMs) / 1000);
    },
  };
}

/** Shows how many Sandboxes of the executor are in each phase before their end. */
export function showSandboxes(meter: Meter, count: (phase: LivePhase) => number): void {
  for (const phase of LIVE_PHASES) meter.gauge(SANDBOXES, { phase }, () => count(phase));
}
