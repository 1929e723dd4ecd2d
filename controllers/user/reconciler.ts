import type { Client } from '#api/client/client';
import { formatTime } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { withCondition } from '#api/machinery/condition';
import { isStatusError } from '#api/machinery/status-error';
import { personalNamespace } from '#api/types/account';
import type { User } from '#api/types/generated/user';
import type { Binding } from '#api/types/rbac';
import { NAMESPACES, ROLE_BINDINGS, USERS } from '#api/types/resources';
import type { Namespace } from '#api/types/resources';
import type { Reconcile } from '../runtime/controller.ts';
import type { Informer } from '../runtime/informer.ts';
import { isNamespaceGoing } from '../runtime/namespace-going.ts';
import { writeStatus } from '../runtime/status-writer.ts';
import { OWNER_BINDING, planUser } from './plan.ts';
import type { UserAction, UserPlan } from './plan.ts';

export type UserClient = Pick<Client, 'create' | 'delete' | 'updateStatus'>;

export interface UserReconcilerOptions {
  users: Pick<Informer<User>, 'get'>;
  namespaces: Pick<Informer<Namespace>, 'get'>;
  bindings: Pick<Informer<Binding>, 'get'>;
  clock: Clock;
}

export function userReconciler(options: UserReconcilerOptions): Reconcile<UserClient> {
  const { users, namespaces, bindings, clock } = options;
  return async (name, { client }) => {
    const user = users.get(name);
    const place = personalNamespace(name);
    const world = {
      user: user?.metadata.deletionTimestamp === undefined ? user : undefined,
      namespace: namespaces.get(place),
      binding: bindings.get(`${place}/${OWNER_BINDING}`),
    };
    const plan = planUser(name, world);
    if (plan.action !== undefined) await carryOut(client, plan.action);
    if (world.user !== undefined) await writeCondition(client, world.user, { plan, clock });
  };
}

async function carryOut(client: UserClient, action: UserAction): Promise<void> {
  try {
    switch (action.do) {
      case 'createNamespace':
        await client.create(NAMESPACES, action.namespace);
        return;
      case 'createBinding':
        await client.create(ROLE_BINDINGS, action.binding);
        return;
      case 'deleteBinding': {
        const { name, namespace, uid } = action.binding.metadata;
        const ref = { name, ...(namespace === undefined ? {} : { namespace }) };
        await client.delete(ROLE_BINDINGS, ref, { preconditions: uid === undefined ? {} : { uid } });
      }
    }
  } catch (error) {
    // Somebody was faster; the informer is going to show it.
    const isDone = isStatusError(error, 'AlreadyExists') || isStatusError(error, 'NotFound');
    if (!isDone && !isNamespaceGoing(error)) throw error;
  }
}

async function writeCondition(
  client: UserClient,
  user: User,
  { plan: { condition, namespace }, clock }: { plan: UserPlan; clock: Clock },
): Promise<void> {
  if (condition === undefined) return;
  const at = { now: formatTime(clock.now()), generation: user.metadata.generation };
  const conditions = withCondition(user.status?.conditions, condition, at);
  const { namespace: _old, ...rest } = user.status ?? {};
  const status = { ...rest, conditions, ...(namespace === undefined ? {} : { namespace }) };
  await writeStatus(client, USERS, { object: user, status });
}
