import { StatusError } from '#api/machinery/status-error';
import { TASK_EVENT_TYPES } from '#api/types/tasks/task-event';
import type { RunEvent } from '../protocol/run.ts';

const TYPES: ReadonlySet<string> = new Set(TASK_EVENT_TYPES);

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;

/**
 * An event as it came from a sandbox, checked: an agent that took over its runner must not be able to stop
 * the log of its Task by handing in what the API refuses.
 * @throws StatusError BadRequest when it is not event number `expected`.
 */
export function acceptEvent(event: RunEvent, expected: number): RunEvent {
  const { seq, time, type, data } = (event ?? {}) as Partial<RunEvent>;
  const sound =
    seq === expected &&
    typeof time === 'string' &&
    TIME.test(time) &&
    typeof type === 'string' &&
    TYPES.has(type) &&
    typeof data === 'object' &&
    data !== null &&
    !Array.isArray(data);
  if (!sound) throw new StatusError('BadRequest', `the runner sent something else than event ${expected}`);
  return { seq, time, type, data };
}
