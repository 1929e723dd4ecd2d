import { findCondition } from '#api/machinery/condition';
import { ApprovalCondition } from '#api/types/approval';
import type { Approval } from '#api/types/generated/approval';
import type { RecordedEvent } from '../runtime/recorder.ts';

const TYPES = [ApprovalCondition.Decided, ApprovalCondition.Escalated];

/** The Events that tell people of a change of the conditions. */
export function approvalEvents(before: Approval, after: Approval): RecordedEvent[] {
  return TYPES.flatMap((type) => {
    const old = findCondition(before.status?.conditions, type);
    const next = findCondition(after.status?.conditions, type);
    if (next === undefined || old?.reason === next.reason || next.reason === 'Waiting') return [];
    const isTrouble = next.reason === 'TimedOut' || next.reason === 'Escalated';
    return [{ type: isTrouble ? 'Warning' : 'Normal', reason: next.reason, message: next.message }];
  });
}
