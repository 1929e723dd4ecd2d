import type { HistogramMetric, Meter, Metric } from '#api/machinery/meter';

/** How one run of a reconcile ended, as controller-runtime calls it. */
export type ReconcileResultName = 'error' | 'requeue' | 'requeue_after' | 'success';

/** The figures of one controller, under the names of controller-runtime's. */
export interface ControllerFigures {
  ended(result: ReconcileResultName, ms: number): void;
  /** The run failed in a way that will not be tried again. */
  failedForGood(): void;
}

export interface ControllerFiguresOptions {
  name: string;
  meter: Meter;
  /** How many keys may be worked on at a time. */
  workers: number;
  /** How many are. */
  active(): number;
}

const labels = ['controller'];
const RUNS: Metric = {
  name: 'controller_runtime_reconcile_total',
  help: 'Runs of reconcile by how they ended.',
  labels: ['controller', 'result'],
};
const ERRORS: Metric = {
  name: 'controller_runtime_reconcile_errors_total',
  help: 'Runs of reconcile that failed.',
  labels,
};
const TERMINAL: Metric = {
  name: 'controller_runtime_terminal_reconcile_errors_total',
  help: 'Runs of reconcile that failed and are not tried again.',
  labels,
};
const TIME: HistogramMetric = {
  name: 'controller_runtime_reconcile_time_seconds',
  help: 'How long a run of reconcile takes.',
  labels,
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
};
const WORKERS: Metric = {
  name: 'controller_runtime_max_concurrent_reconciles',
  help: 'How many keys may be worked on at a time.',
  labels,
};
const ACTIVE: Metric = {
  name: 'controller_runtime_active_workers',
  help: 'How many keys are worked on.',
  labels,
};

export function controllerFigures(options: ControllerFiguresOptions): ControllerFigures {
  const { name, meter, workers, active } = options;
  const of = { controller: name };
  const runs = (result: ReconcileResultName) => meter.counter(RUNS, { ...of, result });
  const by = {
    success: runs('success'),
    requeue: runs('requeue'),
    requeue_after: runs('requeue_after'),
    error: runs('error'),
  };
  const errors = meter.counter(ERRORS, of);
  const terminal = meter.counter(TERMINAL, of);
  const time = meter.histogram(TIME, of);
  meter.gauge(WORKERS, of, () => workers);
  meter.gauge(ACTIVE, of, active);
  return {
    ended(result, ms) {
      by[result].add();
      if (result === 'error') errors.add();
      time.observe(ms / 1000);
    },
    failedForGood: () => terminal.add(),
  };
}
