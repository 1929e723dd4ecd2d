import type { RequestLimits } from './in-flight.ts';

/** What the server takes on at most. */
export interface ServerLimits extends RequestLimits {
  /** Connections, whoever opened them. */
  connections: number;
  /** How long a request may take that is no stream, until its answer was taken (--request-timeout). */
  requestMs: number;
  /** The headers of a request have to be there within this time. */
  headersMs: number;
  handshakeMs: number;
}

/** kube-apiserver's, where it has them. */
export const DEFAULT_LIMITS: ServerLimits = {
  reads: 400,
  writes: 200,
  reserved: 0.25,
  perUser: 400,
  userShare: 0.5,
  waitingPerUser: 200,
  waiting: 2_000,
  waitMs: 15_000,
  longRunningPerUser: 10_000,
  connections: 20_000,
  requestMs: 60_000,
  headersMs: 32_000,
  handshakeMs: 10_000,
};

/** A request waits for a quarter of its time at most (apiserver util/flowcontrol, requestWaitLimit). */
export function withDefaults(limits: Partial<ServerLimits> = {}): ServerLimits {
  const all = { ...DEFAULT_LIMITS, ...limits };
  return { ...all, waitMs: Math.min(all.waitMs, all.requestMs / 4) };
}
