/** How long what is not needed any more is kept, in milliseconds. Undefined: for ever. */
export interface RetentionRules {
  /** Kubernetes Events, since they were written last. */
  events: number | undefined;
  /** Logs and last states of deleted Tasks. */
  deletedTasks: number;
  /** Finished Tasks; `spec.ttlSecondsAfterFinished` wins. */
  finishedTasks: number | undefined;
  /** Event logs of Tasks, since these were finished. */
  taskLogs: number | undefined;
}

const HOUR_MS = 3_600_000;

export const DEFAULT_RETENTION: RetentionRules = {
  events: HOUR_MS,
  deletedTasks: 7 * 24 * HOUR_MS,
  finishedTasks: undefined,
  taskLogs: undefined,
};
