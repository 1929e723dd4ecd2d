import { fittingMessage, withCondition } from '../machinery/condition.ts';
import type { Condition, ConditionStatus, NewCondition } from '../machinery/condition.ts';

/** True when the object can be used by what refers to it. Every kind has it, and it comes first. */
export const READY = 'Ready';

/** A condition of any type; `message` is a sentence for people, without times or counters that flap. */
export function newCondition(
  type: string,
  status: ConditionStatus,
  text: { reason: string; message: string },
): NewCondition {
  return { type, status, reason: text.reason, message: text.message };
}

/** Ready=True with this reason. */
export function ready(reason: string, message: string): NewCondition {
  return newCondition(READY, 'True', { reason, message });
}

/** Ready=False with this reason. */
export function notReady(reason: string, message: string): NewCondition {
  return newCondition(READY, 'False', { reason, message });
}

/** `state` of compatible manifests, which follows the condition Ready. */
export function stateOf(condition: NewCondition): 'Available' | 'Unavailable' {
  return condition.status === 'True' ? 'Available' : 'Unavailable';
}

/** The part of a status that every kind of ours has. */
export interface ReadyStatus {
  state?: 'Available' | 'Unavailable';
  message?: string;
  conditions?: Condition[];
  observedGeneration?: number;
}

/** `status` with the finding `condition` (of type Ready) in all the places that follow it. */
export function withReady<S extends ReadyStatus>(
  status: S | undefined,
  condition: NewCondition,
  at: { now: string; generation?: number | undefined },
): S & ReadyStatus {
  const others = (status?.conditions ?? []).filter((existing) => existing.type !== condition.type);
  const previous = (status?.conditions ?? []).filter((existing) => existing.type === condition.type);
  return {
    ...(status as S),
    state: stateOf(condition),
    message: fittingMessage(condition.message),
    conditions: [...withCondition(previous, condition, at), ...others],
    ...(at.generation === undefined ? {} : { observedGeneration: at.generation }),
  };
}

/** Whether Ready=True was found for the object as it is now, not for an earlier generation of it. */
export function isReadyNow(object: { metadata: { generation?: number }; status?: ReadyStatus }): boolean {
  const condition = object.status?.conditions?.find((existing) => existing.type === READY);
  return condition?.status === 'True' && condition.observedGeneration === object.metadata.generation;
}
