import type { Client } from '#api/client/client';
import type { Clock } from '#api/machinery/clock';
import { objectKey } from '#api/machinery/meta';
import { refOf } from '#api/machinery/resource-type';
import { conflict, isStatusError } from '#api/machinery/status-error';
import { phaseOf } from '#api/types/approval';
import type { Approval } from '#api/types/generated/approval';
import type { User } from '#api/types/generated/user';
import type { Task } from '#api/types/generated/task';
import { APPROVALS, TASKS } from '#api/types/resources';
import type { Secret } from '#api/types/resources';
import type { WebhookSender } from '#guarded-client/webhook-sender';
import type { Reconcile } from '../runtime/controller.ts';
import type { EventSink } from '../runtime/controller-context.ts';
import { earliest } from '../runtime/soonest.ts';
import { writeStatus } from '../runtime/status-writer.ts';
import { approvalEvents } from './events.ts';
import { planNotices, withAttempt } from './notices.ts';
import type { Notice, Recipients, Sent } from './notices.ts';
import { planApproval } from './plan.ts';
import { mailRecipients } from './recipients.ts';
import { isWanted } from './wanted.ts';
import { webhookMessage, webhookSecretKey, webhookTarget } from './webhook.ts';

export interface ApprovalReconcilerOptions {
  approvals: { get(key: string): Approval | undefined };
  tasks: { get(key: string): Task | undefined };
  secrets: { get(key: string): Secret | undefined };
  /** Users who are in a group. */
  membersOf: (group: string) => readonly User[];
  webhooks: WebhookSender;
  recorder: EventSink;
  clock: Clock;
}

type ApprovalClient = Pick<Client, 'createPart' | 'find' | 'updateStatus'>;

/** Ends an Approval when its time is over or nobody waits for it, and tells people of it. Decides nothing. */
export function approvalReconciler(options: ApprovalReconcilerOptions): Reconcile<ApprovalClient> {
  const { approvals, clock } = options;
  return async (key, { client, signal }) => {
    const approval = approvals.get(key);
    if (approval === undefined || approval.metadata.deletionTimestamp !== undefined) return undefined;
    const wanted = await isStillWanted(options, client, approval);
    const now = clock.now();
    const plan = planApproval({ approval, isWanted: wanted, now });
    const written = await writeStatus(client, APPROVALS, { object: approval, status: plan.status });
    for (const event of approvalEvents(approval, written)) options.recorder.event(approval, event);
    const retryAt = await tell(options, { client, signal }, written);
    const next = earliest([plan.wakeAt, retryAt]);
    return next === undefined ? undefined : { requeueAfter: Math.max(next - clock.now(), 1) };
  };
}

/** To close one is final, so that the server is asked before: a cached Task may be older than the Approval. */
async function isStillWanted(
  { tasks }: ApprovalReconcilerOptions,
  client: ApprovalClient,
  approval: Approval,
): Promise<boolean> {
  const { namespace } = approval.metadata;
  const ref = refOf(approval, approval.spec.taskRef.name);
  if (phaseOf(approval) !== 'Pending') return true;
  const cached = tasks.get(objectKey({ namespace, name: ref.name }));
  return isWanted(approval, cached) || isWanted(approval, await client.find(TASKS, ref));
}

/** So many at a time: each may take a while, and is written down behind the last of them. */
const MOST_AT_ONCE = 8;

/** @returns when to look at it again, in milliseconds since the epoch */
async function tell(
  options: ApprovalReconcilerOptions,
  { client, signal }: { client: ApprovalClient; signal: AbortSignal },
  approval: Approval,
): Promise<number | undefined> {
  const { clock } = options;
  const { due, retryAt } = planNotices(approval, recipientsOf(options, approval), clock.now());
  if (due.length === 0) return retryAt;
  await requireFresh(client, approval);
  const tried = await Promise.all(
    due.slice(0, MOST_AT_ONCE).map(async (notice) => {
      return { notice, sent: await send(options, { approval, notice, client, signal }) };
    }),
  );
  // The change wakes this reconcile, which then sees what is left.
  await record(client, approval, { tried, now: clock.now() });
  return retryAt;
}

const MOST_WRITES = 5;

/** Somebody may have decided while it was sent: what was sent is written down all the same. */
async function record(
  client: ApprovalClient,
  approval: Approval,
  { tried, now }: { tried: readonly { notice: Notice; sent: Sent }[]; now: number },
): Promise<void> {
  let object: Approval | undefined = approval;
  for (let write = 1; object !== undefined; write++) {
    const notifications = tried.reduce(
      (list, { notice, sent }) => withAttempt(list, notice, { sent, now }),
      object.status?.notifications ?? [],
    );
    try {
      await writeStatus(client, APPROVALS, { object, status: { ...object.status, notifications } });
      return;
    } catch (error) {
      if (!isStatusError(error, 'Conflict') || write === MOST_WRITES) throw error;
      object = await client.find(APPROVALS, refOf(approval));
    }
  }
}

/** The cache may not know yet that this was sent a moment ago. @throws StatusError Conflict (try again quietly) */
async function requireFresh(client: ApprovalClient, { metadata }: Approval): Promise<void> {
  const live = await client.find(APPROVALS, refOf({ metadata }));
  if (live?.metadata.resourceVersion === metadata.resourceVersion) return;
  throw conflict(APPROVALS, metadata.name, 'the cache lags behind');
}

function recipientsOf(
  { secrets, tasks, membersOf }: ApprovalReconcilerOptions,
  approval: Approval,
): Recipients {
  const { namespace } = approval.metadata;
  const task = tasks.get(objectKey({ namespace, name: approval.spec.taskRef.name }));
  const mail = mailRecipients(approval, { task, membersOf });
  const secretKey = webhookSecretKey(approval);
  if (secretKey === undefined) return { webhook: undefined, mail };
  const target = webhookTarget(approval, secrets.get(secretKey));
  return { webhook: typeof target === 'string' ? '' : new URL(target.url).hostname, mail };
}

interface Sending {
  approval: Approval;
  notice: Notice;
  client: ApprovalClient;
  signal: AbortSignal;
}

async function send(
  { secrets, webhooks }: ApprovalReconcilerOptions,
  { approval, notice, client, signal }: Sending,
): Promise<Sent> {
  if (notice.channel === 'Mail') return sendMail(client, approval, notice.recipient);
  const target = webhookTarget(approval, secrets.get(webhookSecretKey(approval) ?? ''));
  if (typeof target === 'string') return { taken: false, why: target, isFinal: false };
  return webhooks.send(webhookMessage(approval, notice, target), signal);
}

/** The server has the accounts and their addresses, and says what is in the mail. */
async function sendMail(client: ApprovalClient, approval: Approval, user: string): Promise<Sent> {
  try {
    await client.createPart(APPROVALS, refOf(approval), { subresource: 'mails', body: { user } });
    return { taken: true };
  } catch (error) {
    const isFinal = isStatusError(error, 'BadRequest') || isStatusError(error, 'NotFound');
    if (!isFinal && !isStatusError(error, 'InternalError')) throw error;
    return { taken: false, why: error.message, isFinal };
  }
}
