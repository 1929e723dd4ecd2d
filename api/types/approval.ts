import { newCondition } from './ready.ts';
import type { NewCondition } from '../machinery/condition.ts';
import type { Approval, ApprovalApprovers, ApprovalSpec } from './generated/approval.ts';

export const ApprovalCondition = {
  /** True when people are asked no longer, whatever came out; `kubectl wait --for=condition=Decided` waits for it. */
  Decided: 'Decided',
  /** True once more people were asked; absent where none are to be. */
  Escalated: 'Escalated',
} as const;

/** Reasons of an Approval. */
export const ApprovalReason = {
  /** Decided=False: people are asked. */
  Pending: 'Pending',
  /** Decided=True: as status.decision has it. */
  Approved: 'Approved',
  /** Decided=True: as status.decision has it. */
  Rejected: 'Rejected',
  /** Decided=True: nobody has decided in time; spec.onTimeout says what follows. */
  TimedOut: 'TimedOut',
  /** Decided=True: nobody waits for a decision any longer. */
  Closed: 'Closed',
  /** Escalated=False: it is not time yet. */
  Waiting: 'Waiting',
  /** Escalated=True: spec.escalation.approvers may decide, too. */
  Escalated: 'Escalated',
} as const;

export const approvalPending = (message: string): NewCondition =>
  newCondition(ApprovalCondition.Decided, 'False', { reason: ApprovalReason.Pending, message });

export const approvalOver = (
  reason: 'Approved' | 'Closed' | 'Rejected' | 'TimedOut',
  message: string,
): NewCondition => newCondition(ApprovalCondition.Decided, 'True', { reason, message });

export const approvalEscalated = (isOver: boolean, message: string): NewCondition =>
  newCondition(ApprovalCondition.Escalated, isOver ? 'True' : 'False', {
    reason: isOver ? ApprovalReason.Escalated : ApprovalReason.Waiting,
    message,
  });

/** Who may decide is RBAC's, by this verb on the Approval, as for signers of certificates (KEP-1513). */
export const APPROVE = 'approve';
/** Who keeps the rest of the status, which is the controllers: that an Approval timed out or is closed. */
export const CLOSE = 'close';

/** The key of the Secret that signs, where spec.notify.webhook.secretRef names none. */
export const WEBHOOK_SECRET_KEY = 'secret';
/** The key of the Secret that has the address, where spec.notify.webhook names none. */
export const WEBHOOK_URL_KEY = 'url';

export type ApprovalPhase = NonNullable<NonNullable<Approval['status']>['phase']>;

/** One that has just been made has no status in some tests and on a server without strategies. */
export const phaseOf = ({ status }: Pick<Approval, 'status'>): ApprovalPhase => status?.phase ?? 'Pending';

interface Times {
  metadata: { creationTimestamp?: string };
  spec: Pick<ApprovalSpec, 'approvers' | 'escalation' | 'timeoutSeconds'>;
}

/** Milliseconds since the epoch when nobody may decide any longer; undefined without an end. */
export const timesOutAt = (approval: Times): number | undefined =>
  after(approval, approval.spec.timeoutSeconds);

/** Milliseconds since the epoch when more people are asked; undefined where none are. */
export const escalatesAt = (approval: Times): number | undefined =>
  after(approval, approval.spec.escalation?.afterSeconds);

function after({ metadata }: Times, seconds: number | undefined): number | undefined {
  if (seconds === undefined) return undefined;
  return Date.parse(metadata.creationTimestamp ?? '') + seconds * 1000;
}

/** All who may decide at this moment by name, if they have the verb; undefined: whoever has it. */
export function approversAt(approval: Times, now: number): Required<ApprovalApprovers> | undefined {
  const { approvers, escalation } = approval.spec;
  if (!namesAnybody(approvers)) return undefined;
  const isEscalated = now >= (escalatesAt(approval) ?? Infinity);
  const later = isEscalated ? escalation?.approvers : undefined;
  return {
    users: [...(approvers?.users ?? []), ...(later?.users ?? [])],
    groups: [...(approvers?.groups ?? []), ...(later?.groups ?? [])],
  };
}

/** Whether only people who are named may decide. */
export function namesAnybody(approvers: ApprovalSpec['approvers']): boolean {
  return (approvers?.users?.length ?? 0) + (approvers?.groups?.length ?? 0) > 0;
}

/** Whether a user is one of the people, by name or by group. */
export function isAmong(
  { name, groups }: { name: string; groups: readonly string[] },
  people: Required<ApprovalApprovers>,
): boolean {
  return people.users.includes(name) || groups.some((group) => people.groups.includes(group));
}

/** Such as `user "ann", group "leads"`. */
export function namesOf({ users = [], groups = [] }: ApprovalApprovers): string {
  const names = [
    ...users.map((user) => `user ${JSON.stringify(user)}`),
    ...groups.map((group) => `group ${JSON.stringify(group)}`),
  ];
  return names.length === 0 ? 'nobody' : names.join(', ');
}

/** The meaning of an Approval for whoever waits for it. */
export type ApprovalOutcome =
  | { result: 'approved'; message?: string; by?: string }
  /** `words`: why, where somebody has said so. */
  | { result: 'rejected'; words?: string; by?: string }
  /** Nobody has decided in time, and spec.onTimeout is Fail. */
  | { result: 'failed' }
  /** It was taken for settled otherwise. */
  | { result: 'closed' };

/** Undefined while people are asked. */
export function outcomeOf(approval: Pick<Approval, 'spec' | 'status'>): ApprovalOutcome | undefined {
  const { decision, message, reason, decidedBy } = approval.status ?? {};
  const by = decidedBy === undefined ? {} : { by: decidedBy.name };
  if (decision === 'Approved')
    return { result: 'approved', ...(message === undefined ? {} : { message }), ...by };
  const words = reason ?? message;
  if (decision === 'Rejected')
    return { result: 'rejected', ...(words === undefined ? {} : { words }), ...by };
  const phase = phaseOf(approval);
  if (phase === 'TimedOut') return timedOut(approval.spec);
  return phase === 'Closed' ? { result: 'closed' } : undefined;
}

const NOBODY = 'Nobody has decided in time.';

function timedOut({ onTimeout = 'Reject' }: ApprovalSpec): ApprovalOutcome {
  if (onTimeout === 'Approve') return { result: 'approved' };
  return onTimeout === 'Fail' ? { result: 'failed' } : { result: 'rejected', words: NOBODY };
}
