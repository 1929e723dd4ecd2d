import { type Condition, findCondition } from '#api/machinery/condition';
import type { RecordedEvent } from './recorder.ts';

interface WithConditions {
  status?: { conditions?: readonly Condition[] };
}

/**
 * What to tell people when the condition Ready of an object changed: each new trouble, and its end. An
 * object that was well from the start is no news.
 */
export function readyEvent(before: WithConditions, after: WithConditions): RecordedEvent | undefined {
  const old = findCondition(before.status?.conditions, 'Ready');
  const now = findCondition(after.status?.conditions, 'Ready');
  if (now === undefined || (old === undefined && now.status === 'True')) return undefined;
  const isSame =
    old?.status === now.status &&
    (now.status === 'True' || (old.reason === now.reason && old.message === now.message));
  if (isSame) return undefined;
  return { type: now.status === 'True' ? 'Normal' : 'Warning', reason: now.reason, message: now.message };
}
