import type { HistogramMetric, Meter, Metric } from '#api/machinery/meter';
import type { Task } from '#api/types/generated/task';
import { isFinalTaskStatus } from '#api/types/tasks/task';
import type { Informer } from '../../runtime/informer.ts';

/** The states of Tasks that have not ended. */
const LIVE = ['PENDING', 'RUNNING', 'PENDING_CONFIRMATION', 'CANCELLING'] as const;

export interface TaskFigures {
  /** A Task has ended. `now` in milliseconds since the epoch. */
  ended(task: Task, now: number): void;
}

const TASKS: Metric = {
  name: 'troupe_tasks',
  help: 'Tasks that have not ended, by their state.',
  labels: ['status'],
};
const FINISHED: Metric = {
  name: 'troupe_tasks_finished_total',
  help: 'Tasks that have ended, by how.',
  labels: ['status'],
};
const DURATIONS: HistogramMetric = {
  name: 'troupe_task_duration_seconds',
  help: 'Time from the creation of a Task to its end.',
  labels: ['status'],
  buckets: [1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400],
};
const ENDS = ['COMPLETED', 'FAILED', 'CANCELLED'];
const BY_STATUS = 'task:live-status';

/** The figures of Tasks. Those of ends are counted by the process that leads; all know how many there are. */
export function taskFigures(meter: Meter, tasks: Informer<Task>): TaskFigures {
  tasks.addIndex(BY_STATUS, ({ status }) =>
    isFinalTaskStatus(status?.status) ? [] : [stateOf(status?.status)],
  );
  for (const status of LIVE) meter.gauge(TASKS, { status }, () => tasks.byIndex(BY_STATUS, status).length);
  const ends = new Map(
    ENDS.map((status) => [
      status,
      { count: meter.counter(FINISHED, { status }), time: meter.histogram(DURATIONS, { status }) },
    ]),
  );
  return {
    ended({ metadata, status }, now) {
      const series = ends.get(status?.status ?? '');
      series?.count.add();
      series?.time.observe(Math.max(0, now - Date.parse(metadata.creationTimestamp ?? '')) / 1000);
    },
  };
}

/** A Task that no controller has seen yet waits as well. */
const stateOf = (status: string | undefined): string => status ?? 'PENDING';
