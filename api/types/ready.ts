import type { ConditionStatus, NewCondition } from '#api/machinery/condition';

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
