import { describe, expect, it } from 'vitest';
import { OWNER_UID_ANNOTATION } from '#api/types/account';
import type { User } from '#api/types/generated/user';
import type { Namespace } from '#api/types/resources';
import type { Binding } from '#api/types/rbac';
import { planUser } from './plan.ts';

const user = (spec: User['spec'] = {}): User => ({
  apiVersion: 'agent.wecode.io/v1alpha1',
  kind: 'User',
  metadata: { name: 'alice', uid: 'u1' },
  spec,
});
const namespace = (uid?: string, phase: 'Active' | 'Terminating' = 'Active'): Namespace => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name: 'user-alice',
    ...(uid === undefined ? {} : { annotations: { [OWNER_UID_ANNOTATION]: uid } }),
  },
  status: { phase },
});
const binding: Binding = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name: 'troupe-owner', namespace: 'user-alice' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'troupe-admin' },
};
const none = { user: undefined, namespace: undefined, binding: undefined };

describe('what a User needs', () => {
  it.each<[string, Parameters<typeof planUser>[1], string | undefined, string | undefined]>([
    ['a namespace', { ...none, user: user() }, 'createNamespace', 'Active'],
    ['a binding in it', { ...none, user: user(), namespace: namespace('u1') }, 'createBinding', 'Active'],
    ['nothing more', { user: user(), namespace: namespace('u1'), binding }, undefined, 'Active'],
    [
      'nothing in one that goes',
      { ...none, user: user(), namespace: namespace('u1', 'Terminating') },
      undefined,
      'Active',
    ],
    ['nothing while it is pending', { ...none, user: user({ pending: true }) }, undefined, 'Pending'],
    ['nothing while it is disabled', { ...none, user: user({ disabled: true }) }, undefined, 'Disabled'],
    [
      'not the namespace of somebody else',
      { ...none, user: user(), namespace: namespace() },
      undefined,
      'NamespaceTaken',
    ],
    ['nor a binding in it', { user: user(), namespace: namespace(), binding }, undefined, 'NamespaceTaken'],
    [
      'not that of an earlier User',
      { user: user(), namespace: namespace('u0'), binding },
      'deleteBinding',
      'NamespaceTaken',
    ],
    [
      'no binding when it is gone',
      { ...none, namespace: namespace('u1'), binding },
      'deleteBinding',
      undefined,
    ],
    ['nothing when all is gone', none, undefined, undefined],
  ])('%s', (_what, world, action, reason) => {
    const plan = planUser('alice', world);
    expect([plan.action?.do, plan.condition?.reason]).toEqual([action, reason]);
  });
});
