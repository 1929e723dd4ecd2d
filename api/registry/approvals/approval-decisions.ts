import type { Authorizer } from '../../machinery/users/authorizer.ts';
import { formatTime } from '../../machinery/clock.ts';
import type { Clock } from '../../machinery/clock.ts';
import { goQuote } from '../../machinery/go-text.ts';
import { deepEqual } from '../../machinery/json/deep-equal.ts';
import { fieldsOf } from '../../machinery/json/json.ts';
import type { JsonObject } from '../../machinery/json/json.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { invalid } from '../../machinery/status-error.ts';
import { APPROVE, approversAt, CLOSE, isAmong } from '../../types/approval.ts';
import type { Approval } from '../../types/generated/approval.ts';
import type { AdmissionRequest, MutatingPlugin, UpdateAdmission } from '../admission/admission.ts';
import { forbiddenRequest } from '../admission/forbidden-request.ts';
import { isApproval } from '../resource.ts';
import { decisionProblems, phaseProblems } from './decision-rules.ts';
import { requireVerb } from './required-verb.ts';

export interface ApprovalDecisionsOptions {
  authorizer: Authorizer;
  clock: Clock;
}

/** Who decides writes these; all that is told with a decision. */
const WORDS = ['decision', 'reason', 'message'] as const;
/** The server alone writes these. */
const STAMPS = ['decidedBy', 'decidedAt', 'endedAt'] as const;

/**
 * Who may write what in the status of an Approval, as for CertificateSigningRequests (kubernetes
 * plugin/pkg/admission/certificates/approval and pkg/registry/certificates): a decision needs the verb `approve` on the
 * Approval, and that one of its approvers makes it, where it names some; it is final, and the server notes who made it
 * and when. Everything else in the status needs the verb `close`, which controllers have. So a right to write the status
 * is not enough for either.
 */
export function approvalDecisions(options: ApprovalDecisionsOptions): MutatingPlugin {
  return {
    name: 'ApprovalDecisions',
    admit(request) {
      if (!isApproval(request.resource) || request.operation !== 'UPDATE') return undefined;
      return request.subresource === 'status' ? judged(options, request) : undefined;
    },
  };
}

async function judged(options: ApprovalDecisionsOptions, request: UpdateAdmission): Promise<Unstructured> {
  const { object, previous } = request;
  const before = fieldsOf(previous['status']);
  const asked = fieldsOf(object['status']);
  const isDecision = WORDS.some((field) => !deepEqual(before[field], asked[field]));
  const status = isDecision
    ? await decided(options, request, { before, asked })
    : await reported(options, request, { before, asked });
  return { ...object, status };
}

interface Change {
  before: JsonObject;
  asked: JsonObject;
}

/** Whoever decides changes nothing else, whatever he sends (PrepareForUpdate of the strategy for `/approval`). */
async function decided(
  { authorizer, clock }: ApprovalDecisionsOptions,
  request: UpdateAdmission,
  { before, asked }: Change,
): Promise<JsonObject> {
  await requireVerb(authorizer, request, { verb: APPROVE, wish: 'decide' });
  const now = clock.now();
  requireApprover(request, now);
  const causes = decisionProblems(request.previous as unknown as Approval, asked, now);
  if (causes.length > 0) throw refused(request, causes);
  const { name, uid } = request.user;
  return {
    ...before,
    ...only(asked, WORDS),
    phase: 'Decided',
    decidedBy: { name, ...(uid === undefined || uid === '' ? {} : { uid }) },
    decidedAt: formatTime(now),
  };
}

async function reported(
  { authorizer, clock }: ApprovalDecisionsOptions,
  request: UpdateAdmission,
  { before, asked }: Change,
): Promise<JsonObject> {
  const status = { ...without(asked, STAMPS), ...only(before, STAMPS) };
  if (deepEqual(status, before)) return status;
  await requireVerb(authorizer, request, {
    verb: CLOSE,
    wish: 'write anything but a decision into its status',
  });
  const now = clock.now();
  const causes = phaseProblems(request.previous as unknown as Approval, asked['phase'], now);
  if (causes.length > 0) throw refused(request, causes);
  const hasEnded = status['phase'] !== before['phase'] && status['phase'] !== 'Pending';
  return hasEnded ? { ...status, endedAt: formatTime(now) } : status;
}

/** @throws StatusError Forbidden; owners of the server are no exception: they may act as somebody, which is on record. */
function requireApprover(request: UpdateAdmission, now: number): void {
  const people = approversAt(request.previous as unknown as Approval, now);
  if (people === undefined || isAmong(request.user, people)) return;
  const named = [
    ...people.users.map((user) => `user ${goQuote(user)}`),
    ...people.groups.map((group) => `group ${goQuote(group)}`),
  ].join(', ');
  throw forbiddenRequest(request, `user ${goQuote(request.user.name)} is none of its approvers: ${named}`);
}

function refused({ resource, name }: AdmissionRequest, causes: ReturnType<typeof decisionProblems>) {
  return invalid(resource, name, causes);
}

const only = (fields: JsonObject, names: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name)));

const without = (fields: JsonObject, names: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
