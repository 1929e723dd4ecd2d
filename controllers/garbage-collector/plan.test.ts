import { describe, expect, it } from 'vitest';
import type { KubeObject, OwnerReference } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import { EXECUTORS, SANDBOXES, TASKS } from '#api/types/resources';
import { collectorKey, controllerOwner, ownerKey, ownerType, splitCollectorKey } from './plan.ts';

const owner: OwnerReference = {
  apiVersion: 'agent.wecode.io/v1',
  kind: 'Task',
  name: 't',
  uid: 'u',
  controller: true,
};
const dependent: KubeObject = {
  apiVersion: 'agent.wecode.io/v1alpha1',
  kind: 'Sandbox',
  metadata: {
    name: 's',
    namespace: 'a/b',
    ownerReferences: [{ ...owner, uid: 'x', controller: false }, owner],
  },
};
const types = [TASKS, SANDBOXES, EXECUTORS] as unknown as ResourceType[];

describe('garbage collector plan', () => {
  it('only the controller owner counts', () => {
    expect(controllerOwner(dependent)).toBe(owner);
    expect(controllerOwner({ ...dependent, metadata: { name: 's' } })).toBeUndefined();
  });

  it('knows owners by group and kind, whatever their version', () => {
    expect(ownerType({ ...owner, apiVersion: 'agent.wecode.io/v9' }, types)?.plural).toBe('tasks');
    expect(ownerType({ ...owner, apiVersion: 'batch/v1' }, types)).toBeUndefined();
  });

  it('looks for an owner in the namespace of its dependent, or in none', () => {
    expect(ownerKey(dependent, owner, TASKS as ResourceType)).toBe('a/b/t');
    expect(ownerKey(dependent, owner, EXECUTORS as ResourceType)).toBe('t');
  });

  it('queue keys go both ways', () => {
    const key = collectorKey(TASKS, 'a/b:c/t');
    expect(splitCollectorKey(key)).toEqual({ plural: 'tasks', objectKey: 'a/b:c/t' });
  });
});
