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
import type { WriteResult } from './requests.ts';
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

describe('delete', () => {
  it('waits for finalizers', async () => {
    const name = newName();
    const created = await create('Ghost', ghost(name, { metadata: { name, finalizers: ['a.io/x'] } }));
    const at = target(kind('Ghost'), name);
    const marked = await registry.delete({ user, target: at, dryRun: false });
    expect(marked.gone).toBe(false);
    expect(marked.object.object.metadata).toMatchObject({
      deletionTimestamp: '2026-11-21T07:00:00Z',
      deletionGracePeriodSeconds: 0,
      generation: 2,
    });
    const again = await registry.delete({ user, target: at, dryRun: false });
    expect(again.object.object, 'asked twice').toEqual(marked.object.object);
    const added = { metadata: { finalizers: ['a.io/x', 'a.io/y'] } };
    expect((await failure(patch('Ghost', name, added))).message).toContain('no new finalizers can be added');
    const released = await patch('Ghost', name, { metadata: { finalizers: null } });
    expect(released.metadata.uid).toBe(created.metadata.uid);
    expect((await failure(registry.get({ target: at, user }))).reason).toBe('NotFound');
  });

  it('checks preconditions', async () => {
    const { metadata } = await create('Ghost', ghost(newName()));
    const at = target(kind('Ghost'), metadata.name);
    for (const preconditions of [{ uid: 'another' }, { resourceVersion: '1' }]) {
      expect((await failure(registry.delete({ user, target: at, dryRun: false, preconditions }))).code).toBe(
        409,
      );
    }
    const fitting = { uid: metadata.uid ?? '', resourceVersion: metadata.resourceVersion ?? '' };
    expect((await registry.delete({ user, target: at, dryRun: false, preconditions: fitting })).gone).toBe(
      true,
    );
  });

  it.each([
    ['Background', undefined, []],
    ['Foreground', undefined, ['foregroundDeletion']],
    ['Orphan', undefined, ['orphan']],
    [undefined, true, ['orphan']],
    [undefined, false, []],
    [undefined, undefined, []],
  ])('of policy %s, orphanDependents %s leaves finalizers %o', async (policy, orphans, finalizers) => {
    const { metadata } = await create('Ghost', ghost(newName()));
    const at = target(kind('Ghost'), metadata.name);
    const { gone, object } = await registry.delete({
      user,
      target: at,
      dryRun: false,
      ...(policy !== undefined && { propagationPolicy: policy }),
      ...(orphans !== undefined && { orphanDependents: orphans }),
    });
    expect([gone, object.object.metadata.finalizers ?? []]).toEqual([finalizers.length === 0, finalizers]);
  });

  it('changes its mind about dependents while it goes on', async () => {
    const name = newName();
    await create('Ghost', ghost(name, { metadata: { name, finalizers: ['a.io/x', 'orphan'] } }));
    const request = { target: target(kind('Ghost'), name), dryRun: false };
    const finalizers = async (options: object): Promise<unknown> =>
      (await registry.delete({ user, ...request, ...options })).object.object.metadata.finalizers;
    expect(await finalizers({}), 'no wish').toEqual(['a.io/x', 'orphan']);
    expect(await finalizers({ propagationPolicy: 'Foreground' })).toEqual(['a.io/x', 'foregroundDeletion']);
    expect(await finalizers({ propagationPolicy: 'Background' })).toEqual(['a.io/x']);
  });

  it.each([
    [{ propagationPolicy: 'Backwards' }, 'supported values: "Foreground", "Background", "Orphan", "nil"'],
    [
      { propagationPolicy: 'Orphan', orphanDependents: true },
      'Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
    ],
  ])('refuses %o', async (options, text) => {
    const at = target(kind('Ghost'), 'whatever');
    const error = await failure(registry.delete({ user, target: at, dryRun: false, ...options }));
    expect([error.code, error.message]).toEqual([422, expect.stringContaining(text)]);
  });
});

describe('a namespace', () => {
  const at = (name: string): Target => target(kind('Namespace'), name, '');
  const finalize = (name: string, finalizers: string[]): Promise<WriteResult> =>
    registry.update({
      target: at(name),
      subresource: 'finalize',
      body: { metadata: { name, labels: { not: 'this' } }, spec: { finalizers } },
      ...write,
    });

  it('is marked first, takes nothing new, and goes when its last finalizer does', async () => {
    const created = await create('Namespace', { metadata: { name: 'short-lived' } }, '');
    expect(created).toMatchObject({
      metadata: { labels: { 'kubernetes.io/metadata.name': 'short-lived' } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
    const marked = await registry.delete({ user, target: at('short-lived'), dryRun: false });
    expect([marked.gone, marked.object.object['status']]).toEqual([false, { phase: 'Terminating' }]);
    const again = await registry.delete({ user, target: at('short-lived'), dryRun: false });
    expect(again.object.object).toEqual(marked.object.object);
    const refused = await failure(create('Ghost', ghost('late'), 'short-lived'));
    expect(refused.toStatus()).toMatchObject({
      code: 403,
      message:
        'ghosts.agent.wecode.io "late" is forbidden: unable to create new content in namespace short-lived because it is being terminated',
      details: { causes: [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }] },
    });
    await finalize('short-lived', []);
    expect((await failure(registry.get({ target: at('short-lived'), user }))).code).toBe(404);
  });

  it('has finalizers that only /finalize changes', async () => {
    await create('Namespace', { metadata: { name: 'kept' } }, '');
    const request = {
      target: at('kept'),
      type: 'merge',
      body: { spec: { finalizers: [] } },
      ...write,
    } as const;
    const patched = await registry.patch(request);
    expect(patched.object.object['spec']).toEqual({ finalizers: ['kubernetes'] });
    const finalized = (await finalize('kept', ['a.io/x'])).object.object;
    expect(finalized['spec']).toEqual({ finalizers: ['a.io/x'] });
    expect(finalized.metadata.labels).toEqual({ 'kubernetes.io/metadata.name': 'kept' });
  });

  it('that everything needs stays', async () => {
    expect((await failure(registry.delete({ user, target: at('default'), dryRun: false }))).code).toBe(403);
  });
});
