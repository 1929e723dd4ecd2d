import { isStatusError } from '#api/machinery/status-error';
import type { KubeObject } from '#api/machinery/meta';
import type { EventSink } from './controller-context.ts';

/** How a controller tells people of objects on which its work fails again and again. */
export interface FailureReport {
  /** The object of a key, as the cache has it. */
  find: (key: string) => KubeObject | undefined;
  recorder: EventSink;
}

export interface RepeatedFailures {
  failed(key: string, error: unknown): void;
  /** Nothing changes that by itself. */
  failedForGood(key: string, error: unknown): void;
  succeeded(key: string): void;
}

/** Fewer are over before anybody has seen them. */
const TOLD_FROM = 5;

/**
 * A Warning on the object, so that its user sees why nothing happens; equal ones are counted. Causes stay in the log of the
 * controllers: what libraries say is not meant for users.
 */
export function repeatedFailures(report: FailureReport | undefined): RepeatedFailures {
  const counts = new Map<string, number>();

  function tell(key: string, error: unknown): void {
    const object = report?.find(key);
    if (object === undefined) return;
    const message = error instanceof Error ? error.message : 'an unknown error';
    report?.recorder.event(object, { type: 'Warning', reason: 'ReconcileFailed', message });
  }

  return {
    failed(key, error) {
      // A server that is away could not take the Event either.
      if (isStatusError(error, 'ServiceUnavailable')) return;
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      if (count >= TOLD_FROM) tell(key, error);
    },
    failedForGood(key, error) {
      counts.delete(key);
      tell(key, error);
    },
    succeeded: (key) => void counts.delete(key),
  };
}
