/**
 * Whether requests wait for their events (kube-apiserver --audit-log-mode). `batch`: never, events are dropped when the buffer
 * is full. `blocking`: the answer waits until the event was handed over, or that failed. `blocking-strict`: and a request
 * whose arrival cannot be written down is refused.
 */
export const SINK_MODES = ['batch', 'blocking', 'blocking-strict'] as const;
export type SinkMode = (typeof SINK_MODES)[number];

/** Where events go. */
export interface Sink {
  readonly mode: SinkMode;
  /**
   * Takes an event, a line of JSON. Resolves with whether it was kept: at once in mode `batch`, else when it was handed over.
   */
  accept(event: string): Promise<boolean> | boolean;
  /** Hands over what is buffered, for some seconds at most. */
  close(): Promise<void>;
}
