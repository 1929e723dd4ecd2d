import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { expect, it } from 'vitest';
import type { Client } from '#api/client/client';
import { connect } from '#api/client/connect';
import type { Unstructured } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import { isStatusError } from '#api/machinery/status-error';
import { NAMESPACES, TASKS } from '#api/types/resources';
import { play, sandboxNameOf } from './play.ts';
import { startWorld } from './world.ts';
import type { World } from './world.ts';

const RBAC = { group: 'rbac.authorization.k8s.io', version: 'v1' };
const ROLES: ResourceType<Unstructured> = { ...RBAC, kind: 'Role', plural: 'roles', namespaced: true };
const BINDINGS: ResourceType<Unstructured> = {
  ...{ ...RBAC, kind: 'RoleBinding', plural: 'rolebindings' },
  namespaced: true,
};
const USE_TEAM = { namespace: 'shared', name: 'use-team' };

/** A client that asks as Jane. */
async function asJane(world: World, stack: AsyncDisposableStack): Promise<Client> {
  const config = parse(await readFile(path.join(world.dataDir, 'kubeconfig'), 'utf8')) as {
    users: { user: Record<string, unknown> }[];
  };
  for (const { user } of config.users) user['as'] = 'jane';
  const file = path.join(world.dataDir, 'kubeconfig-jane');
  await writeFile(file, stringify(config), { mode: 0o600 });
  const connection = await connect({ kubeconfig: file });
  stack.defer(() => connection.close());
  return connection.client;
}

/** Jane may use the Team, and nothing beside it. */
async function letJaneUse(client: Client): Promise<void> {
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  await client.create(BINDINGS, {
    ...{ apiVersion, kind: 'RoleBinding', metadata: USE_TEAM },
    roleRef: { apiGroup: RBAC.group, kind: 'Role', name: USE_TEAM.name },
    subjects: [{ apiGroup: RBAC.group, kind: 'User', name: 'jane' }],
  });
}

async function setUp(client: Client): Promise<void> {
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shared' } });
  await play(client, 'shared').create.everything();
  await client.create(ROLES, {
    ...{ apiVersion, kind: 'Role', metadata: USE_TEAM },
    rules: [
      { verbs: ['use'], apiGroups: ['agent.wecode.io'], resources: ['teams'], resourceNames: ['team'] },
    ],
  });
  await client.create(BINDINGS, {
    ...{ apiVersion, kind: 'RoleBinding', metadata: { namespace: 'default', name: 'editors' } },
    roleRef: { apiGroup: RBAC.group, kind: 'ClusterRole', name: 'edit' },
    subjects: [{ apiGroup: RBAC.group, kind: 'User', name: 'jane' }],
  });
}

it('a step starts with the rights that the user of its Task has then', async () => {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await startWorld());
  const { client } = world;
  const editors = { namespace: 'default', name: 'editors' };
  const letJaneEdit = async (): Promise<void> => {
    await client.create(BINDINGS, {
      ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: editors },
      roleRef: { apiGroup: RBAC.group, kind: 'ClusterRole', name: 'edit' },
      subjects: [{ apiGroup: RBAC.group, kind: 'User', name: 'jane' }],
    });
  };
  await letJaneEdit();
  const owner = play(client, 'default');
  await owner.create.everything({ name: 'one' }, { name: 'two' });
  await owner.executor('e', 2);
  await world.startControllers();
  const task = await play(await asJane(world, stack), 'default').create.task('steps');

  const first = sandboxNameOf(task, 0, 1);
  await owner.bound(first);
  await owner.runs(first);
  await client.delete(BINDINGS, editors);
  await owner.succeeds(first, 'done');
  await owner.lets(first);
  const held = await owner.there(TASKS, 'steps', ({ status }) =>
    (status?.conditions ?? []).some(({ reason }) => reason === 'UseForbidden'),
  );
  expect(held.status).toMatchObject({
    status: 'RUNNING',
    progress: 50,
    message: 'No further step starts: User "jane", who made the Task, may not use Team "default/team".',
  });
  expect((await owner.sandboxes()).map(({ metadata }) => metadata.name)).not.toContain(
    sandboxNameOf(task, 1, 1),
  );

  await letJaneEdit();
  // Looked at again after a while; a change of the Task makes it come at once.
  await owner.edit('steps', { title: 'again' });
  await owner.bound(sandboxNameOf(task, 1, 1));
});

it('a Task runs with the rights that its user has when it starts', async () => {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await startWorld());
  const { client } = world;
  await setUp(client);
  const jane = play(await asJane(world, stack), 'default');
  const teamRef = { name: 'team', namespace: 'shared' };

  const refused = await jane.create.task('early', { teamRef }).catch((error: unknown) => error);
  expect(isStatusError(refused, 'Forbidden')).toBe(true);

  await letJaneUse(client);
  const task = await jane.create.task('late', { teamRef });
  expect(task.spec.user).toMatchObject({ name: 'jane', groups: ['system:authenticated'] });
  await client.delete(BINDINGS, USE_TEAM);
  await world.startControllers();

  const waiting = await jane.there(TASKS, 'late', ({ status }) =>
    (status?.conditions ?? []).some(({ reason }) => reason === 'UseForbidden'),
  );
  expect(waiting.status).toMatchObject({
    status: 'PENDING',
    conditions: [
      {
        type: 'Ready',
        status: 'False',
        message: 'User "jane", who made the Task, may not use Team "shared/team".',
      },
      { type: 'Finished' },
      { type: 'Accepted', status: 'False' },
    ],
  });

  await letJaneUse(client);
  // Looked at again after a while; a change of the Task makes it come at once.
  await jane.edit('late', { title: 'again' });
  const started = await jane.there(TASKS, 'late', ({ status }) => status?.revision !== undefined);
  expect(started.spec.user?.name).toBe('jane');
});
