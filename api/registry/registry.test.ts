import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../machinery/clock.ts';
import { silentLogger } from '../machinery/logger.ts';
import type { Unstructured } from '../machinery/meta.ts';
import { StatusError } from '../machinery/status-error.ts';
import { API_SERVER_USER } from '../machinery/users/user.ts';
import { loadDefinitions } from '../schema/load-crds.ts';
import type { Store } from '../storage/contract/store.ts';
import { openStore } from '../storage/open-store.ts';
import { createInitialNamespaces } from './initial-namespaces.ts';
import { createCatalog } from './catalog.ts';
import { createRegistry } from './registry.ts';
import type { Registry } from './registry.ts';
import type { Resource, Target } from './resource.ts';

const NOW = Date.UTC(2026, 10, 21, 7, 0, 0);
const clock: Clock = { now: () => NOW, after: () => () => undefined };
const user = API_SERVER_USER;
const write = { user, dryRun: false, fieldValidation: 'Strict' } as const;

let store: Store;
let registry: Registry;
let count = 0;

beforeAll(async () => {
  store = await openStore({ url: 'sqlite::memory:', logger: silentLogger });
  registry = createRegistry({ catalog: createCatalog(loadDefinitions()), store, clock });
  await createInitialNamespaces(registry);
});

afterAll(() => store.close());

function kind(name: string): Resource {
  const found = registry.catalog.current().find((resource) => resource.kind === name);
  if (found === undefined) throw new Error(`no kind ${name}`);
  return found;
}

const target = (resource: Resource, name: string, namespace = 'default'): Target => ({
  resource,
  namespace,
  name,
});

const newName = (): string => `object-${(count += 1)}`;

function ghost(name: string, extra: object = {}): Record<string, unknown> {
  return {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Ghost',
    metadata: { name },
    spec: { systemPrompt: 'be kind' },
    ...extra,
  };
}

async function create(kindName: string, body: unknown, namespace = 'default'): Promise<Unstructured> {
  const result = await registry.create({ resource: kind(kindName), namespace, body, ...write });
  return result.object.object;
}

async function update(kindName: string, body: Unstructured, subresource?: 'status'): Promise<Unstructured> {
  const at = target(kind(kindName), body.metadata.name);
  const result = await registry.update({ target: at, body, ...write, ...(subresource && { subresource }) });
  return result.object.object;
}

async function patch(kindName: string, name: string, body: unknown): Promise<Unstructured> {
  const result = await registry.patch({
    target: target(kind(kindName), name),
    type: 'merge',
    body,
    ...write,
  });
  return result.object.object;
}

async function failure(promise: Promise<unknown>): Promise<StatusError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('create', () => {
  it('owns the fields that are the server’s', async () => {
    const name = newName();
    const body = ghost(name, {
      metadata: { name, uid: 'mine', generation: 7, creationTimestamp: '2000-01-01T00:00:00Z', labels: {} },
      status: { state: 'Available' },
    });
    const created = await create('Ghost', body);
    expect(created.metadata).toMatchObject({
      name,
      namespace: 'default',
      generation: 1,
      creationTimestamp: '2026-11-21T07:00:00Z',
    });
    expect(created.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(created.metadata.labels, 'an empty map is not written').toBeUndefined();
    expect(created['status'], 'status has a writer of its own').toBeUndefined();
  });

  it('makes up a name that is free', async () => {
    const metadata = { generateName: 'gen-' };
    const [first, second] = [
      await create('Ghost', ghost('', { metadata })),
      await create('Ghost', ghost('', { metadata })),
    ];
    expect(first.metadata.name).toMatch(/^gen-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    expect(second.metadata.name).not.toBe(first.metadata.name);
  });

  it('gives up when every generated name is taken', async () => {
    const stuck = createRegistry({ catalog: registry.catalog, store, clock, random: () => 0 });
    const request = {
      resource: kind('Ghost'),
      namespace: 'default',
      body: ghost('', { metadata: { generateName: 'stuck-' } }),
      ...write,
    };
    await stuck.create(request);
    expect((await failure(stuck.create(request))).reason).toBe('AlreadyExists');
  });

  it.each([
    [{ metadata: { name: 'a', namespace: 'other' } }, 400, 'does not match the namespace', 'two namespaces'],
    [{ metadata: {} }, 422, 'name or generateName is required', 'no name'],
    [{ metadata: { name: 'a/b' } }, 422, "may not contain '/'", 'no path segment'],
    [{ metadata: { name: 'é'.repeat(127) } }, 422, 'no more than 253 bytes', 'bytes count, not characters'],
    [{ metadata: { name: '..' } }, 422, "may not be '..'", 'another folder'],
    [{ metadata: { name: 'a', resourceVersion: '5' } }, 400, 'should not be set', 'a revision'],
    [{ metadata: { name: 'a', labels: { x: 1 } } }, 400, 'ObjectMeta.labels of type string', 'a number'],
    [{ metadata: 'a' }, 400, 'cannot unmarshal string into Go struct field metadata', 'no metadata'],
    [{ metadata: { name: 'a', finalizers: 'x' } }, 400, 'ObjectMeta.finalizers of type []string', 'no list'],
    [{ metadata: { name: 'a', generation: 1.5 } }, 400, 'cannot unmarshal number', 'half a generation'],
    [{ metadata: { name: 'a', creationTimestamp: 'x' } }, 400, 'creationTimestamp: the time', 'no time'],
    [{ metadata: { name: 'a', finalizers: [null] } }, 422, 'name part must be non-empty', 'no finalizer'],
    [{ metadata: { name: 'a', ownerReferences: [null] } }, 422, 'ownerReferences[0].uid', 'no owner'],
    [{ kind: 'Task' }, 422, 'must be Ghost', 'another kind'],
    [{ kind: undefined }, 400, "Object 'Kind' is missing", 'no kind'],
    [{ apiVersion: 'v9' }, 400, 'does not match the expected API version', 'another version'],
    [{ spec: { systemPrompt: 1 } }, 422, 'spec.systemPrompt in body must be of type string', 'a wrong type'],
    [{ spec: { systemPrompt: 'x', bogus: 1 } }, 400, 'unknown field "spec.bogus"', 'an unknown field'],
    [{ spec: {} }, 422, 'spec.systemPrompt: Required value', 'a missing field'],
  ])('refuses %j with %d', async (extra, code, text, reason) => {
    const error = await failure(create('Ghost', ghost('refused', extra)));
    expect([error.code, error.message], reason).toEqual([code, expect.stringContaining(text)]);
  });

  it.each([[null], [[]], ['text'], [7]])('refuses %j as a body', async (body) => {
    expect((await failure(create('Ghost', body))).code).toBe(400);
  });

  it('needs a namespace that exists, and a name that is free', async () => {
    const missing = await failure(create('Ghost', ghost('a'), 'nowhere'));
    expect(missing.message).toBe('namespaces "nowhere" not found');
    const name = newName();
    await create('Ghost', ghost(name));
    const taken = await failure(create('Ghost', ghost(name)));
    expect(taken.message).toBe(`ghosts.agent.wecode.io "${name}" already exists`);
  });

  it('warns instead of refusing when asked to', async () => {
    const body = ghost(newName(), { spec: { systemPrompt: 'x', bogus: 1 } });
    const request = { user, resource: kind('Ghost'), namespace: 'default', body, dryRun: false };
    const result = await registry.create({ ...request, fieldValidation: 'Warn' });
    expect(result.warnings).toEqual(['unknown field "spec.bogus"']);
    expect(result.object.object['spec']).toEqual({ systemPrompt: 'x' });
  });

  it('stores nothing on a dry run', async () => {
    const name = newName();
    const request = {
      resource: kind('Ghost'),
      namespace: 'default',
      body: ghost(name),
      ...write,
      dryRun: true,
    };
    const { object } = await registry.create(request);
    expect(object.object.metadata.uid).toBeDefined();
    expect(object.object.metadata.resourceVersion).toBeUndefined();
    expect((await failure(registry.get({ target: target(kind('Ghost'), name), user }))).reason).toBe(
      'NotFound',
    );
  });
});

describe('update', () => {
  it('bumps generation only for what is desired, and writes nothing for no change', async () => {
    const created = await create('Ghost', ghost(newName()));
    const labelled = await update('Ghost', {
      ...created,
      metadata: { ...created.metadata, labels: { a: 'b' } },
    });
    expect(labelled.metadata.generation, 'labels are no desired state').toBe(1);
    const same = await update('Ghost', labelled);
    expect(same.metadata.resourceVersion, 'nothing changed').toBe(labelled.metadata.resourceVersion);
    const changed = await update('Ghost', { ...labelled, spec: { systemPrompt: 'new' } });
    expect(changed.metadata.generation).toBe(2);
  });

  it('keeps status and spec apart', async () => {
    const created = await create('Ghost', ghost(newName()));
    const withStatus = await update('Ghost', { ...created, status: { state: 'Available' } }, 'status');
    expect(withStatus['status']).toMatchObject({ state: 'Available' });
    expect(withStatus.metadata.generation, 'status is no desired state').toBe(1);
    const both = { ...withStatus, spec: { systemPrompt: 'x' }, status: { state: 'Unavailable' } };
    const viaStatus = await update('Ghost', both, 'status');
    expect(viaStatus['spec'], '/status changes status only').toEqual({ systemPrompt: 'be kind' });
    const viaMain = await update('Ghost', { ...both, metadata: viaStatus.metadata, status: {} });
    expect(viaMain['status'], 'the object itself changes everything else').toMatchObject({
      state: 'Unavailable',
    });
  });

  it.each([
    [{ resourceVersion: '' }, 422, 'must be specified for an update'],
    [{ resourceVersion: '1' }, 409, 'the object has been modified'],
    [{ uid: 'another' }, 409, 'Precondition failed: UID'],
    [{ name: 'another' }, 400, 'does not match the name on the URL'],
    [{ namespace: 'another' }, 400, 'does not match the namespace on the request'],
  ])('refuses %j with %d', async (metadata, code, text) => {
    const created = await create('Ghost', ghost(newName()));
    const body = { ...created, metadata: { ...created.metadata, ...metadata } };
    const at = target(kind('Ghost'), created.metadata.name);
    const error = await failure(registry.update({ target: at, body, ...write }));
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(text)]);
  });

  it('lets one of two writers win', async () => {
    const created = await create('Ghost', ghost(newName()));
    const outcomes = await Promise.allSettled(
      ['a', 'b', 'c'].map((systemPrompt) => update('Ghost', { ...created, spec: { systemPrompt } })),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('does not create', async () => {
    const body = { ...ghost('absent'), metadata: { name: 'absent', resourceVersion: '1' } } as Unstructured;
    expect((await failure(update('Ghost', body))).code).toBe(404);
  });
});

describe('patch', () => {
  it('is applied to the newest state until it commits', async () => {
    const { metadata } = await create('Ghost', ghost(newName()));
    const keys = Array.from({ length: 30 }, (_, index) => `key-${index}`);
    await Promise.all(
      keys.map((key) => patch('Ghost', metadata.name, { metadata: { labels: { [key]: 'x' } } })),
    );
    const { object } = await registry.get({ target: target(kind('Ghost'), metadata.name), user });
    expect(Object.keys(object.metadata.labels ?? {}).sort()).toEqual(keys.sort());
  });

  it.each([
    [{ metadata: { resourceVersion: '1' } }, 409, 'the object has been modified'],
    [{ metadata: { name: 'renamed' } }, 400, 'does not match the name on the URL'],
    [{ spec: { systemPrompt: null } }, 422, 'Required value'],
    [[], 400, 'must be a JSON object'],
  ])('refuses %j with %d', async (body, code, text) => {
    const { metadata } = await create('Ghost', ghost(newName()));
    const error = await failure(patch('Ghost', metadata.name, body));
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(text)]);
  });

  it('keeps what the server owns', async () => {
    const { metadata } = await create('Ghost', ghost(newName()));
    const patched = await patch('Ghost', metadata.name, {
      metadata: { generation: 99, creationTimestamp: null },
    });
    expect(patched.metadata).toEqual(metadata);
  });

  it.each([
    [{ deletionTimestamp: '2026-01-01T00:00:00Z' }, 422, 'metadata.deletionTimestamp: Invalid value'],
    [
      { deletionGracePeriodSeconds: 5 },
      422,
      'metadata.deletionGracePeriodSeconds: Invalid value: 5: field is',
    ],
    [{ resourceVersion: null }, 422, 'metadata.resourceVersion: Invalid value: 0: must be specified'],
    [{ resourceVersion: '0' }, 422, 'metadata.resourceVersion: Invalid value: 0: must be specified'],
    [{ name: null }, 400, 'based on URL) was undeterminable: name must be provided'],
    [{ namespace: 'other' }, 400, 'the namespace of the provided object does not match'],
  ])('of metadata %j is refused with %d', async (change, code, text) => {
    const { metadata } = await create('Ghost', ghost(newName()));
    const error = await failure(patch('Ghost', metadata.name, { metadata: change }));
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(text)]);
  });
});

describe('the size of an object', () => {
  it('has a limit that repeated patches cannot pass, and deletion still works at it', async () => {
    const { metadata } = await create(
      'Ghost',
      ghost(newName(), { metadata: { name: newName(), finalizers: ['test.example/keep'] } }),
    );
    const at = target(kind('Ghost'), metadata.name);
    const limit = 3 * 1024 * 1024;
    const rest = Buffer.byteLength(JSON.stringify((await registry.get({ target: at, user })).object)) + 100;
    await patch('Ghost', metadata.name, { metadata: { displayName: 'x'.repeat(limit - rest) } });
    const before = await registry.get({ target: at, user });
    const refused = await failure(
      patch('Ghost', metadata.name, { metadata: { annotations: { more: 'é'.repeat(100) } } }),
    );
    expect(refused).toMatchObject({ code: 413, reason: 'RequestEntityTooLarge' });
    expect(refused.message).toMatch(/^the object would be \d+ bytes of JSON; the limit is 3145728$/);
    expect((await registry.get({ target: at, user })).object, 'nothing was stored').toEqual(before.object);
    expect((await registry.delete({ user, target: at, dryRun: false })).gone).toBe(false);
    await patch('Ghost', metadata.name, { metadata: { finalizers: null } });
    expect((await failure(registry.get({ target: at, user }))).code).toBe(404);
  });
});

describe('messages', () => {
  it.each([
    [{ metadata: { name: 'n'.repeat(5000) } }, 'a name'],
    [{ metadata: { name: 'a', labels: { x: 'n'.repeat(5000) } } }, 'a value'],
    [{ ['n'.repeat(5000)]: 1 }, 'an unknown field'],
    [{ kind: 'n'.repeat(5000) }, 'another kind'],
    [{ apiVersion: 'n'.repeat(5000) }, 'another version'],
  ])('cut what is long: %#', async (extra: object, reason) => {
    const refused = await failure(create('Ghost', ghost('a', extra)));
    expect(refused.message, reason).toContain('n'.repeat(250));
    expect(JSON.stringify(refused.toStatus()), reason).not.toContain('n'.repeat(257));
  });

  it('do not quote a body without a kind, which may hold a credential', async () => {
    const refused = await failure(create('Ghost', { apiKey: 'sk-secret' }));
    expect(refused).toMatchObject({ code: 400, message: "Object 'Kind' is missing in the body" });
  });
});
