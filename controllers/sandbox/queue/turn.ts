import type { Sandbox } from '#api/types/generated/sandbox';
import { isConversation } from '#api/types/shells/shell-types';

/** A Sandbox that waits for an Executor, as far as the order is concerned. */
export interface Waiting {
  /** namespace/name. */
  key: string;
  namespace: string;
  /** '' for those that no user has asked for, such as probes. */
  user: string;
  /** See turnOf. */
  turn: number;
  /** In which order they were seen: times of Kubernetes have whole seconds. */
  arrival: number;
}

/**
 * When its turn would have come in a line without priorities, in milliseconds since the epoch; the earliest is first.
 * A point of priority counts as a second of waiting. So priority plus seconds waited orders the line (each grows by one
 * in a second, whoever waits), the order of two never changes while they wait, and nobody waits for ever.
 */
export function turnOf({ metadata, spec }: Sandbox): number {
  const since = Date.parse(metadata.creationTimestamp ?? '');
  return (Number.isNaN(since) ? 0 : since) - (spec.priority ?? 0) * 1000;
}

export function byTurn(a: Waiting, b: Waiting): number {
  return a.turn - b.turn || a.arrival - b.arrival;
}

/** Whether a person waits for it. */
export function isInteractive({ spec }: Sandbox): boolean {
  return spec.interactive ?? isConversation(spec);
}
