import { badRequest } from '#api/machinery/status-error';

/** How often an executor reports, and when it counts as silent. */
export interface HeartbeatTimes {
  readonly intervalSeconds: number;
  /** After so long without a report the controllers take its word no longer. */
  readonly lostAfterSeconds: number;
}

const DEFAULT_INTERVAL = 10;
/** Three reports may be lost on the way, unless somebody says otherwise. */
const INTERVALS = 4;
/** A single report that comes late must not cost an executor its place. */
const LEAST_INTERVALS = 2;
/** Of both fields in crds/executors.yaml. */
const MOST_SECONDS = 3600;

/** @throws StatusError BadRequest for times that do not go together; the texts name the flags */
export function heartbeatTimes(given: Partial<HeartbeatTimes> = {}): HeartbeatTimes {
  const intervalSeconds = seconds('--heartbeat-interval', given.intervalSeconds ?? DEFAULT_INTERVAL);
  const lostAfter = given.lostAfterSeconds ?? Math.min(INTERVALS * intervalSeconds, MOST_SECONDS);
  const lostAfterSeconds = seconds('--heartbeat-lost-after', lostAfter);
  if (lostAfterSeconds < LEAST_INTERVALS * intervalSeconds) {
    throw badRequest(
      `--heartbeat-lost-after (${lostAfterSeconds}s) must be at least twice --heartbeat-interval (${intervalSeconds}s)`,
    );
  }
  return Object.freeze({ intervalSeconds, lostAfterSeconds });
}

function seconds(flag: string, value: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= MOST_SECONDS) return value;
  throw badRequest(`${flag} must be whole seconds from 1s to 1h, not ${value}s`);
}
