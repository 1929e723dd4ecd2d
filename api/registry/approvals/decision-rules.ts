import { formatTime } from '../../machinery/clock.ts';
import { goQuote } from '../../machinery/go-text.ts';
import type { JsonObject } from '../../machinery/json/json.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import {
  forbidden,
  invalidValue,
  requiredValue,
  unsupportedValue,
} from '../../structural-schema/field-error.ts';
import { phaseOf, timesOutAt } from '../../types/approval.ts';
import type { Approval } from '../../types/generated/approval.ts';

/** Why a decision cannot be made, whoever makes it. `asked`: the status as it is to be, before its schema is looked at. */
export function decisionProblems(approval: Approval, asked: JsonObject, now: number): StatusCause[] {
  const over = whyOver(approval, now);
  if (over !== undefined) return [forbidden('status.decision', over)];
  const { decision, message } = asked;
  if (decision === undefined) return [requiredValue('status.decision', 'Approved or Rejected')];
  const { purpose, options } = approval.spec;
  if (purpose !== 'Question' || decision !== 'Approved') return [];
  if (message === undefined || message === '') return [requiredValue('status.message', 'the answer')];
  const isOffered = options === undefined || options.includes(String(message));
  return isOffered ? [] : [unsupportedValue('status.message', message, options)];
}

function whyOver(approval: Approval, now: number): string | undefined {
  const { decision, decidedBy, decidedAt = '', endedAt = '' } = approval.status ?? {};
  const phase = phaseOf(approval);
  if (phase === 'Decided') {
    return `the decision is final: ${decision ?? ''} by ${goQuote(decidedBy?.name ?? '')} at ${decidedAt}`;
  }
  if (phase === 'Closed') return `the Approval was closed at ${endedAt}: nobody waits for it any longer`;
  const end = timesOutAt(approval);
  // The controller may not have come to it yet; what holds is the time that people were given.
  const isOver = phase === 'TimedOut' || (end !== undefined && now >= end);
  return isOver
    ? `the time to decide was over at ${end === undefined ? endedAt : formatTime(end)}`
    : undefined;
}

/** Why the phase of an Approval cannot become `next` without a decision. */
export function phaseProblems(approval: Approval, next: unknown, now: number): StatusCause[] {
  const phase = phaseOf(approval);
  const field = 'status.phase';
  if (next === phase || (next === undefined && phase === 'Pending')) return [];
  if (phase !== 'Pending') return [forbidden(field, `it is ${phase}, which is final`)];
  if (next === 'Decided') return [requiredValue('status.decision', 'only a decision makes it Decided')];
  const end = timesOutAt(approval);
  if (next === 'TimedOut' && (end === undefined || now < end)) {
    const why =
      end === undefined ? 'spec.timeoutSeconds is not set' : `it is not over before ${formatTime(end)}`;
    return [invalidValue(field, next, why)];
  }
  return [];
}
