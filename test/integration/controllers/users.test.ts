import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Namespace } from '#api/types/resources';
import { NAMESPACES, ROLE_BINDINGS, USERS } from '#api/types/resources';
import type { User } from '#api/types/generated/user';
import { until } from './until.ts';
import { startWorld } from './world.ts';
import type { World } from './world.ts';

/** The namespaces of people. */

let world: World;

beforeAll(async () => {
  world = await startWorld();
  await world.startControllers();
});

afterAll(() => world[Symbol.asyncDispose]());

const make = (name: string, spec: User['spec'] = {}): Promise<User> =>
  world.client.create(USERS, {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'User',
    metadata: { name },
    spec,
  });
const user = (name: string) => ({ type: USERS, name });
const binding = (name: string) => ({ type: ROLE_BINDINGS, namespace: `user-${name}`, name: 'troupe-owner' });
const reason = (object: User | undefined): string | undefined =>
  object?.status?.conditions?.find(({ type }) => type === 'Ready')?.reason;

it('gives a User a namespace alone, and takes the right to it away with the User', async () => {
  await make('alice');
  const ready = await until(world.client, user('alice'), (object) => object?.status?.namespace !== undefined);
  expect(ready?.status).toMatchObject({ namespace: 'user-alice' });
  const made = await until(world.client, binding('alice'), (object) => object !== undefined);
  expect(made).toMatchObject({
    roleRef: { name: 'troupe-admin' },
    subjects: [{ kind: 'User', name: 'alice' }],
  });
  await world.client.delete(USERS, { name: 'alice' });
  await until(world.client, binding('alice'), (object) => object === undefined);
  await make('alice');
  const second = await until(world.client, user('alice'), (object) => reason(object) === 'NamespaceTaken');
  expect(second?.status?.namespace).toBeUndefined();
  expect(await world.client.find(ROLE_BINDINGS, binding('alice'))).toBeUndefined();
});

it('gives nobody the namespace of somebody else', async () => {
  const shared: Namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'user-team' } };
  await world.client.create(NAMESPACES, shared);
  await make('team');
  await until(world.client, user('team'), (object) => reason(object) === 'NamespaceTaken');
  expect(await world.client.find(ROLE_BINDINGS, binding('team'))).toBeUndefined();
});

it('waits for the activation', async () => {
  await make('late', { pending: true });
  await until(world.client, user('late'), (object) => reason(object) === 'Pending');
  expect(await world.client.find(NAMESPACES, { name: 'user-late' })).toBeUndefined();
  await world.client.patch(USERS, { name: 'late' }, { type: 'merge', body: { spec: { pending: false } } });
  await until(world.client, binding('late'), (object) => object !== undefined);
});
