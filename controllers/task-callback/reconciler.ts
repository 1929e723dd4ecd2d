import type { Client } from '#api/client/client';
import { formatTime } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { withCondition } from '#api/machinery/condition';
import { objectKey } from '#api/machinery/meta';
import { refOf } from '#api/machinery/resource-type';
import { ignoreNotFound } from '#api/machinery/status-error';
import type { Task, TaskTransition } from '#api/types/generated/task';
import { TASKS } from '#api/types/resources';
import type { Secret } from '#api/types/resources';
import type { Delivery, WebhookSender } from '#guarded-client/webhook-sender';
import type { Reconcile } from '../runtime/controller.ts';
import type { EventSink } from '../runtime/controller-context.ts';
import { writeStatus } from '../runtime/status-writer.ts';
import { callbackMessage } from './callback-message.ts';
import { failedAttempt, planCallback } from './plan.ts';

export interface TaskCallbackOptions {
  tasks: { get(key: string): Task | undefined };
  secrets: { get(key: string): Secret | undefined };
  webhooks: WebhookSender;
  recorder: EventSink;
  clock: Clock;
}

type CallbackClient = Pick<Client, 'patch' | 'updateStatus'>;
type Context = TaskCallbackOptions & { client: CallbackClient; signal: AbortSignal };

const DEFAULT_KEY = 'secret';

/**
 * Tells the address of a Task of its states. The Task itself has the list of them, and the number up to which they were
 * told: whatever dies, the next one goes on there. A message that arrived and whose number was not written down is sent
 * again, with the same id.
 */
export function taskCallbackReconciler(given: TaskCallbackOptions): Reconcile<CallbackClient> {
  /** The caches show what was written a moment later. By key; a Task of another uid is another one. */
  const told = new Map<string, { uid: string; delivered: number }>();
  return async (key, { client, signal }) => {
    const task = given.tasks.get(key);
    const last = told.get(key);
    const known = task?.status?.callback?.delivered ?? 0;
    const isAhead = last !== undefined && last.uid === task?.metadata.uid && last.delivered > known;
    if (!isAhead) told.delete(key);
    if (task === undefined) return undefined;
    const delivered = isAhead ? last.delivered : known;
    const context = { ...given, client, signal };
    const plan = planCallback(task, { now: given.clock.now(), delivered });
    switch (plan.kind) {
      case 'nothing':
        return undefined;
      case 'wait':
        return { requeueAfter: plan.ms };
      case 'tell': {
        const at = { now: formatTime(given.clock.now()), generation: task.metadata.generation };
        const conditions = withCondition(task.status?.conditions ?? [], plan.condition, at);
        await writeStatus(client, TASKS, { object: task, status: { ...task.status, conditions } });
        return undefined;
      }
      case 'send': {
        const isTold = await tell(context, task, plan.transition);
        if (isTold) told.set(key, { uid: task.metadata.uid ?? '', delivered: plan.transition.sequence });
        return isTold ? { requeueAfter: 0 } : undefined;
      }
    }
  };
}

/** @returns whether the message was taken. A controller that stops learns nothing, and writes nothing down. */
async function tell(context: Context, task: Task, transition: TaskTransition): Promise<boolean> {
  const { clock, recorder } = context;
  const delivery = await send(context, task, transition);
  if (delivery.taken) {
    await patchCallback(context, task, { ...CLEARED, delivered: transition.sequence });
    return true;
  }
  const { nextAt, ...failed } = failedAttempt(task, { ...delivery, now: clock.now() });
  const nextAttemptAt = nextAt === undefined ? null : formatTime(nextAt);
  await patchCallback(context, task, { ...CLEARED, ...failed, nextAttemptAt });
  recorder.event(task, { type: 'Warning', reason: 'CallbackFailed', message: delivery.why });
  return false;
}

const CLEARED = { failures: null, message: null, nextAttemptAt: null, givenUpGeneration: null };

/** Without a resourceVersion: nobody else writes these fields, and a Conflict would send the message a second time. */
async function patchCallback({ client }: Context, task: Task, callback: object): Promise<void> {
  const body = { status: { callback } };
  await ignoreNotFound(client.patch(TASKS, refOf(task), { type: 'merge', body, subresource: 'status' }));
}

async function send(context: Context, task: Task, transition: TaskTransition): Promise<Delivery> {
  const { url = '' } = task.spec.callback ?? {};
  const key = signingKey(context, task);
  if ('why' in key) return { taken: false, isFinal: false, ...key };
  return context.webhooks.send({ url, ...callbackMessage(task, transition), ...key }, context.signal);
}

function signingKey({ secrets }: Context, { metadata, spec }: Task): { key?: string } | { why: string } {
  const { secretRef } = spec.callback ?? {};
  if (secretRef === undefined) return {};
  const { name, key = DEFAULT_KEY } = secretRef;
  const value = secrets.get(objectKey({ namespace: metadata.namespace, name }))?.data?.[key] ?? '';
  // As for Approvals: files that Secrets are made from end with a line break.
  const text = Buffer.from(value, 'base64').toString('utf8').trim();
  return text === ''
    ? { why: `spec.callback.secretRef: Secret "${name}" with the key "${key}" not found.` }
    : { key: text };
}
