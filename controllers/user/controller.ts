import { userOfNamespace } from '#api/types/account';
import { NAMESPACES, ROLE_BINDINGS, USERS } from '#api/types/resources';
import { createController } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { Runnable } from '../runtime/manager.ts';
import { objects, source } from '../runtime/source.ts';
import { OWNER_BINDING } from './plan.ts';
import { userReconciler } from './reconciler.ts';

/** Sees to a namespace of each User alone, and says whether the User can be used. */
export function userController({
  client,
  informers,
  clock,
  logger,
  meter,
  recorder,
}: ControllerContext): Runnable {
  const users = informers.of(USERS);
  const namespaces = informers.of(NAMESPACES);
  const bindings = informers.of(ROLE_BINDINGS, `metadata.name=${OWNER_BINDING}`);
  return createController({
    name: 'user',
    client,
    reconcile: userReconciler({ users, namespaces, bindings, clock }),
    failures: { find: (key) => users.get(key), recorder: recorder('user-controller') },
    sources: [
      objects(users),
      source(namespaces, ({ key }) => usersOf(key)),
      source(bindings, ({ old, new: now }) => usersOf((now ?? old)?.metadata.namespace ?? '')),
    ],
    clock,
    logger,
    meter,
  });
}

function usersOf(namespace: string): string[] {
  const name = userOfNamespace(namespace);
  return name === undefined ? [] : [name];
}
