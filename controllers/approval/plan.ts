import { formatTime } from '#api/machinery/clock';
import { withCondition } from '#api/machinery/condition';
import type { NewCondition } from '#api/machinery/condition';
import {
  approvalEscalated,
  approvalOver,
  approvalPending,
  approversAt,
  escalatesAt,
  namesOf,
  phaseOf,
  timesOutAt,
} from '#api/types/approval';
import type { Approval, ApprovalApprovers, ApprovalStatus } from '#api/types/generated/approval';
import { earliest } from '../runtime/soonest.ts';

export interface ApprovalView {
  approval: Approval;
  /** Whether somebody waits for the decision. */
  isWanted: boolean;
  /** Milliseconds since the epoch. */
  now: number;
}

export interface ApprovalPlan {
  status: ApprovalStatus;
  /** The earliest time, in milliseconds, at which time alone changes the plan. */
  wakeAt?: number;
}

/** How an Approval stands: what a decision, the time, and the end of who waits make of it; pure. */
export function planApproval(view: ApprovalView): ApprovalPlan {
  const { approval, now } = view;
  const phase = nextPhase(view);
  const { metadata, spec, status } = approval;
  const escalates = escalatesAt(approval);
  const isEscalated =
    status?.escalatedAt !== undefined || (phase === 'Pending' && now >= (escalates ?? Infinity));
  const at = { now: formatTime(now), generation: metadata.generation };
  let conditions = withCondition(status?.conditions, decidedCondition(approval, phase, now), at);
  if (spec.escalation !== undefined) {
    conditions = withCondition(conditions, escalatedCondition(spec.escalation.approvers, isEscalated), at);
  }
  const ahead = [timesOutAt(approval), escalates].filter((time) => time !== undefined && time > now);
  const wakeAt = phase === 'Pending' ? earliest(ahead) : undefined;
  return {
    status: {
      ...status,
      phase,
      ...(isEscalated ? { escalatedAt: status?.escalatedAt ?? at.now } : {}),
      conditions,
      ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
    },
    ...(wakeAt === undefined ? {} : { wakeAt }),
  };
}

function nextPhase({ approval, isWanted, now }: ApprovalView): ReturnType<typeof phaseOf> {
  const phase = phaseOf(approval);
  if (phase !== 'Pending') return phase;
  if (!isWanted) return 'Closed';
  return now >= (timesOutAt(approval) ?? Infinity) ? 'TimedOut' : 'Pending';
}

function decidedCondition(approval: Approval, phase: ReturnType<typeof phaseOf>, now: number): NewCondition {
  const { spec, status } = approval;
  switch (phase) {
    case 'Pending':
      return approvalPending(waitingFor(approval, now));
    case 'TimedOut':
      return approvalOver(
        phase,
        `Nobody has decided in time, which counts as: ${spec.onTimeout ?? 'Reject'}.`,
      );
    case 'Closed':
      return approvalOver(phase, 'Nobody waits for a decision any longer.');
    case 'Decided': {
      const { decision = 'Rejected', decidedBy, reason } = status ?? {};
      const why = reason === undefined ? '.' : `: ${reason}`;
      return approvalOver(decision, `${decision} by ${JSON.stringify(decidedBy?.name ?? '')}${why}`);
    }
  }
}

function waitingFor(approval: Approval, now: number): string {
  const people = approversAt(approval, now);
  const whom = people === undefined ? 'somebody with the verb approve' : namesOf(people);
  const end = timesOutAt(approval);
  return `Waits for a decision of ${whom}${end === undefined ? '' : ` until ${formatTime(end)}`}.`;
}

function escalatedCondition(people: ApprovalApprovers, isEscalated: boolean): NewCondition {
  const names = namesOf(people);
  return approvalEscalated(isEscalated, isEscalated ? `Asks ${names}, too.` : `Asks ${names} later.`);
}
