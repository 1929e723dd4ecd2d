import type { NewCondition } from '#api/machinery/condition';
import {
  mayLogIn,
  NAMESPACE_OWNER_ROLE,
  OWNER_UID_ANNOTATION,
  personalNamespace,
  userNotReady,
  userReady,
} from '#api/types/account';
import type { User } from '#api/types/generated/user';
import type { Namespace } from '#api/types/resources';
import { RBAC_GROUP } from '#api/types/rbac';
import type { Binding } from '#api/types/rbac';

/** The RoleBinding that makes a namespace that of its User. */
export const OWNER_BINDING = 'troupe-owner';
const USER_LABEL = 'agent.wecode.io/user';

export interface UserWorld {
  user: User | undefined;
  namespace: Namespace | undefined;
  binding: Binding | undefined;
}

export type UserAction =
  | { do: 'createBinding'; binding: Binding }
  | { do: 'createNamespace'; namespace: Namespace }
  | { do: 'deleteBinding'; binding: Binding };

export interface UserPlan {
  /** The first step; its change is seen, and the next one follows. Absent: nothing is to be done. */
  action?: UserAction;
  /** Absent for a User that is gone. */
  condition?: NewCondition;
  /** For the status; absent while the User has none. */
  namespace?: string;
}

/**
 * The next step for a User; pure. A namespace belongs to the User whose uid it carries, not to whoever has the name: it
 * stays when its User is deleted, and its binding goes.
 */
export function planUser(name: string, { user, namespace, binding }: UserWorld): UserPlan {
  const owner = namespace?.metadata.annotations?.[OWNER_UID_ANNOTATION];
  if (user === undefined || (namespace !== undefined && owner !== user.metadata.uid)) {
    // Only where this controller has made it.
    const isLeft = binding !== undefined && owner !== undefined;
    return {
      ...(isLeft ? { action: { do: 'deleteBinding', binding } } : {}),
      ...(user === undefined ? {} : { condition: conditionOf(user, { isTaken: true }) }),
    };
  }
  const condition = conditionOf(user, { isTaken: false });
  if (namespace === undefined) {
    // Whoever may not log in yet may never come.
    return mayLogIn(user)
      ? { condition, action: { do: 'createNamespace', namespace: newNamespace(user) } }
      : { condition };
  }
  const place = personalNamespace(name);
  if (binding !== undefined || namespace.status?.phase === 'Terminating')
    return { condition, namespace: place };
  return { condition, namespace: place, action: { do: 'createBinding', binding: newBinding(name) } };
}

function conditionOf({ metadata, spec }: User, { isTaken }: { isTaken: boolean }): NewCondition {
  if (spec.disabled === true) return userNotReady('Disabled', 'An administrator has disabled the User.');
  if (spec.pending === true)
    return userNotReady('Pending', 'The User has registered and is to be activated.');
  if (!isTaken) return userReady();
  const place = personalNamespace(metadata.name);
  return userNotReady(
    'NamespaceTaken',
    `The namespace ${place} is of an earlier User or of somebody else: delete it, or set its annotation ${OWNER_UID_ANNOTATION} to the uid of this User.`,
  );
}

function newNamespace({ metadata: { name, uid = '' } }: User): Namespace {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: personalNamespace(name),
      labels: { [USER_LABEL]: name },
      annotations: { [OWNER_UID_ANNOTATION]: uid },
    },
  };
}

function newBinding(name: string): Binding {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: OWNER_BINDING, namespace: personalNamespace(name) },
    roleRef: { apiGroup: RBAC_GROUP, kind: 'ClusterRole', name: NAMESPACE_OWNER_ROLE },
    subjects: [{ kind: 'User', apiGroup: RBAC_GROUP, name }],
  };
}
