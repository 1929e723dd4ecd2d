import { expect, it } from 'vitest';
import type { Client } from '#api/client/client';
import type { Sandbox } from '#api/types/generated/sandbox';
import type { Task, TaskStatus } from '#api/types/generated/task';
import { giveBack } from './inherit.ts';

const failed: TaskStatus = { status: 'FAILED' };
const cases: { reason: string; status?: TaskStatus; owners?: string[]; left: string[] | 'deleted' }[] = [
  { reason: 'has failed before it took over anything', status: failed, left: ['parent'] },
  { reason: 'has failed, and whose parent is gone', status: failed, owners: ['fork'], left: 'deleted' },
  { reason: 'was cancelled before that', status: { status: 'CANCELLED' }, left: ['parent'] },
  { reason: 'may still begin', status: { status: 'PENDING' }, left: ['parent', 'fork'] },
  {
    reason: 'has begun, and can be spoken to',
    status: { ...failed, revision: 'r' },
    left: ['parent', 'fork'],
  },
];

it.each(cases)(
  'a fork that $reason leaves the owners $left',
  async ({ status, owners = ['parent', 'fork'], left }) => {
    const forkFrom = { task: 'p', uid: 'parent' };
    const fork = { metadata: { name: 'f', uid: 'fork' }, spec: { forkFrom }, status } as Task;
    const ownerReferences = owners.map((uid) => ({
      apiVersion: 'v1',
      kind: 'Task',
      name: uid,
      uid,
    }));
    const sandbox = { metadata: { name: 's', uid: 's1', resourceVersion: '7', ownerReferences } } as Sandbox;
    let found: string[] | 'deleted' = owners;
    const client = {
      patch: async (_: unknown, __: unknown, { body }: { body: Pick<Sandbox, 'metadata'> }) => {
        expect(body.metadata.resourceVersion).toBe('7');
        found = (body.metadata.ownerReferences ?? []).map(({ uid }) => uid);
      },
      delete: async (_: unknown, __: unknown, { preconditions }: { preconditions: object }) => {
        expect(preconditions).toEqual({ uid: 's1', resourceVersion: '7' });
        found = 'deleted';
      },
    };
    await giveBack(client as unknown as Pick<Client, 'delete' | 'patch'>, fork, [sandbox]);
    expect(found).toEqual(left);
  },
);
