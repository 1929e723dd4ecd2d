import type { PriorityLevel } from './priority-level.ts';

export type RequestKind = 'reads' | 'writes';

/** A request that waits for a place. */
export interface Waiting {
  /** Takes the place that is free now. */
  start(): void;
}

/** The requests of one user. */
export interface Flow {
  readonly user: string;
  readonly level: PriorityLevel;
  /** Requests under way. */
  running: number;
  readonly runningOf: Record<RequestKind, number>;
  /** Streams that are open. */
  streams: number;
  /** In the order in which they came. */
  readonly waiting: Readonly<Record<RequestKind, Waiting[]>>;
}

export function createFlow(user: string, level: PriorityLevel): Flow {
  return {
    user,
    level,
    running: 0,
    runningOf: { reads: 0, writes: 0 },
    streams: 0,
    waiting: { reads: [], writes: [] },
  };
}
