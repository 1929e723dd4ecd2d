import type { HistogramMetric, Meter, Metric } from '#api/machinery/meter';
import type { Outcome } from '../sandbox/outcome.ts';

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
  /** A Sandbox of this creationTimestamp is taken up; `now` in milliseconds since the epoch. */
  queued(creationTimestamp: string | undefined, now: number): void;
  /** A run has ended, so many milliseconds after its agent began; undefined: it never did. */
  ended(outcome: Pick<Outcome, 'phase' | 'result'>, ms: number | undefined): void;
  /** Events are in the log of their Task, the oldest so many milliseconds after it happened. */
  relayed(events: number, lagMs: number): void;
}

/** The ends of runs. */
const RUN_PHASES = ['Succeeded', 'Failed', 'Cancelled', 'Suspended'] as const;
const TOKEN_TYPES = ['input', 'output', 'cache_read', 'cache_write'] as const;

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
const QUEUE: HistogramMetric = {
  name: 'troupe_sandbox_queue_seconds',
  help: 'Time from the creation of a Sandbox until its executor takes it up.',
  buckets: [1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600],
};
const RUNS: Metric = {
  name: 'troupe_runs_total',
  help: 'Runs of agents that have ended.',
  labels: ['phase'],
};
const RUN_TIME: HistogramMetric = {
  name: 'troupe_run_seconds',
  help: 'Time that agents have worked in a run.',
  labels: ['phase'],
  buckets: [1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200],
};
const TOKENS: Metric = {
  name: 'troupe_run_tokens_total',
  help: 'Tokens that runs have used up, as their agents or services say.',
  labels: ['type'],
};
const COST: Metric = {
  name: 'troupe_run_cost_usd_total',
  help: 'US dollars that runs have cost, where that is known.',
};
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
  const queue = meter.histogram(QUEUE);
  const runs = runFigures(meter);
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
    queued(creationTimestamp, now) {
      if (creationTimestamp === undefined) return;
      queue.observe(Math.max(0, now - Date.parse(creationTimestamp)) / 1000);
    },
    ended: runs,
    passed: (phase, ms) => phases.get(phase)?.observe(ms / 1000),
    relayed(count, lagMs) {
      events.add(count);
      lag.observe(Math.max(0, lagMs) / 1000);
    },
  };
}

function runFigures(meter: Meter): ExecutorFigures['ended'] {
  const ends = new Map(
    RUN_PHASES.map((phase) => [
      phase,
      { count: meter.counter(RUNS, { phase }), time: meter.histogram(RUN_TIME, { phase }) },
    ]),
  );
  const [input, output, cacheRead, cacheWrite] = TOKEN_TYPES.map((type) => meter.counter(TOKENS, { type }));
  const cost = meter.counter(COST);
  return ({ phase, result: { usage, costUSD } = {} }, ms) => {
    ends.get(phase)?.count.add();
    if (ms !== undefined) ends.get(phase)?.time.observe(Math.max(0, ms) / 1000);
    input?.add(positive(usage?.inputTokens));
    output?.add(positive(usage?.outputTokens));
    cacheRead?.add(positive(usage?.cacheReadTokens));
    cacheWrite?.add(positive(usage?.cacheWriteTokens));
    cost.add(positive(costUSD));
  };
}

/** The figures of an agent may be anything, and a counter never falls. */
const positive = (value: number | undefined): number =>
  value !== undefined && Number.isFinite(value) && value > 0 ? value : 0;

/** Shows how many Sandboxes of the executor are in each phase before their end. */
export function showSandboxes(meter: Meter, count: (phase: LivePhase) => number): void {
  for (const phase of LIVE_PHASES) meter.gauge(SANDBOXES, { phase }, () => count(phase));
}
