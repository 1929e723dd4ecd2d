import { objectKey } from '#api/machinery/meta';
import { APPROVALS, SECRETS, TASKS, USERS } from '#api/types/resources';
import { createController } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { Runnable } from '../runtime/manager.ts';
import { objects, referrersTo } from '../runtime/source.ts';
import { approvalReconciler } from './reconciler.ts';
import { webhookSecretKey } from './webhook.ts';

const BY_TASK = 'approval:task';
const BY_SECRET = 'approval:secret';
const BY_GROUP = 'user:group';
/** An address that does not answer keeps a worker for seconds. */
const WORKERS = 4;

/** Watches Approvals, the Tasks that wait for them, and the Secrets that sign their webhooks. */
export function approvalController(context: ControllerContext): Runnable {
  const { client, informers, clock, logger, meter, recorder, webhooks } = context;
  const approvals = informers.of(APPROVALS);
  const tasks = informers.of(TASKS);
  const secrets = informers.of(SECRETS);
  const users = informers.of(USERS);
  users.addIndex(BY_GROUP, ({ spec }) => spec.groups ?? []);
  approvals.addIndex(BY_TASK, ({ metadata: { namespace }, spec }) => [
    objectKey({ namespace, name: spec.taskRef.name }),
  ]);
  approvals.addIndex(BY_SECRET, (approval) => {
    const key = webhookSecretKey(approval);
    return key === undefined ? [] : [key];
  });
  return createController({
    name: 'approval',
    client,
    reconcile: approvalReconciler({
      approvals,
      tasks,
      secrets,
      membersOf: (group) => users.byIndex(BY_GROUP, group),
      webhooks,
      recorder: recorder('approval-controller'),
      clock,
    }),
    failures: { find: (key) => approvals.get(key), recorder: recorder('approval-controller') },
    sources: [
      objects(approvals),
      referrersTo(tasks, approvals, BY_TASK),
      referrersTo(secrets, approvals, BY_SECRET),
    ],
    workers: WORKERS,
    clock,
    logger,
    meter,
  });
}
