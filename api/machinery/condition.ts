/** Conditions (meta/v1): what a controller last observed, one entry per type. */

export type ConditionStatus = 'True' | 'False' | 'Unknown';

export interface Condition {
  type: string;
  status: ConditionStatus;
  /** A word in CamelCase for programs. */
  reason: string;
  /** A sentence for people; stable while nothing changes: no times, no counters that flap. */
  message: string;
  /** When `status` last changed, RFC 3339. */
  lastTransitionTime: string;
  /** The metadata.generation this was worked out from. */
  observedGeneration?: number;
}

/** A condition before it is put into a list; the time of transition is worked out there. */
export type NewCondition = Omit<Condition, 'lastTransitionTime' | 'observedGeneration'>;

/** Characters of a condition's message (meta/v1). */
const MOST_MESSAGE = 32_768;
const CUT = ' ...';

/** The message, or as much of it as a condition may have. */
export function fittingMessage(message: string): string {
  if (message.length <= MOST_MESSAGE) return message;
  // Half a character at the cut is left out.
  return `${message.slice(0, MOST_MESSAGE - CUT.length).replace(/[\uD800-\uDBFF]$/, '')}${CUT}`;
}

export function findCondition(
  conditions: readonly Condition[] | undefined,
  type: string,
): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

export function isConditionTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === 'True';
}

/**
 * A copy of `conditions` with `next` in it. lastTransitionTime moves only when the status changes
 * (apimachinery meta.SetStatusCondition), so that writing the same finding twice changes nothing. A message that is
 * too long is cut: the server would refuse the whole status.
 */
export function withCondition(
  conditions: readonly Condition[] | undefined,
  next: NewCondition,
  at: { now: string; generation?: number | undefined },
): Condition[] {
  const list = [...(conditions ?? [])];
  const index = list.findIndex((condition) => condition.type === next.type);
  const previous = index < 0 ? undefined : list[index];
  const condition: Condition = {
    ...next,
    message: fittingMessage(next.message),
    lastTransitionTime: previous?.status === next.status ? previous.lastTransitionTime : at.now,
    ...(at.generation === undefined ? {} : { observedGeneration: at.generation }),
  };
  if (index < 0) list.push(condition);
  else list[index] = condition;
  return list;
}

/** A copy of `conditions` with `next` in it, or, when there is nothing to tell, without any condition of the type. */
export function replaceCondition(
  conditions: readonly Condition[] | undefined,
  { type, next }: { type: string; next: NewCondition | undefined },
  at: { now: string; generation?: number | undefined },
): Condition[] {
  if (next !== undefined) return withCondition(conditions, next, at);
  return (conditions ?? []).filter((condition) => condition.type !== type);
}
