import type { Executor } from '#api/types/generated/executor';

/** The room of an Executor: places for Sandboxes, and shares of one process for those that only talk. */

/** How many Sandboxes there are, by what they need. */
export interface Needs {
  /** Those that only talk. */
  talking: number;
  others: number;
}

/** How many Sandboxes that talk, or that do not, the Executor takes at once. */
export function capacityFor({ status }: Executor, talks: boolean): number {
  const { sandboxes = 0, conversations = 0 } = status?.capacity ?? {};
  return talks && conversations > 0 ? conversations : sandboxes;
}

/** How much of that is taken. On an Executor without shares, as one of an older version, all take places. */
export function takenFor({ status }: Executor, talks: boolean, { talking, others }: Needs): number {
  const hasShares = (status?.capacity?.conversations ?? 0) > 0;
  if (!hasShares) return talking + others;
  return talks ? talking : others;
}
