import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Unstructured } from '#api/machinery/meta';
import { silentLogger } from '#api/machinery/logger';
import { isStatusError } from '#api/machinery/status-error';
import type { StatusError } from '#api/machinery/status-error';
import { API_SERVER_USER } from '#api/machinery/users/user';
import { createCatalog } from '#api/registry/catalog';
import { createInitialNamespaces } from '#api/registry/initial-namespaces';
import { createRegistry } from '#api/registry/registry';
import type { Registry } from '#api/registry/registry';
import type { PatchRequest } from '#api/registry/requests';
import type { Resource, Target } from '#api/registry/resource';
import { defineResources, loadDefinitions } from '#api/schema/load-crds';
import type { Store } from '#api/storage/contract/store';
import { openStore } from '#api/storage/open-store';

/** Writes of every kind on a real store: what kube-apiserver answers. */

const user = API_SERVER_USER;
const write = { user, dryRun: false, fieldValidation: 'Strict', userAgent: 'tests/1.0' } as const;

/** A kind with everything that a definition can turn on. */
const WIDGETS = defineResources(
  {
    metadata: { name: 'widgets.test.example' },
    spec: {
      group: 'test.example',
      scope: 'Namespaced',
      names: { kind: 'Widget', plural: 'widgets' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: {
            status: {},
            scale: {
              specReplicasPath: '.spec.replicas',
              statusReplicasPath: '.status.replicas',
              labelSelectorPath: '.status.selector',
            },
          },
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec: {
                  type: 'object',
                  properties: {
                    replicas: { type: 'integer' },
                    color: { type: 'string' },
                    size: { type: 'string', default: 'medium' },
                    big: { type: 'integer', format: 'int64' },
                  },
                },
                status: {
                  type: 'object',
                  properties: { replicas: { type: 'integer' }, selector: { type: 'string' } },
                },
              },
            },
          },
        },
      ],
    },
  },
  { builtIn: false },
);

let store: Store;
let registry: Registry;

beforeAll(async () => {
  store = await openStore({ url: 'sqlite::memory:', logger: silentLogger });
  registry = createRegistry({ catalog: createCatalog([...loadDefinitions(), ...WIDGETS]), store });
  await createInitialNamespaces(registry);
});

afterAll(() => store.close());

function kind(name: string): Resource {
  const found = registry.catalog.current().find((one) => one.kind === name);
  if (found === undefined) throw new Error(`no kind ${name}`);
  return found;
}

const at = (kindName: string, name: string): Target => ({
  resource: kind(kindName),
  namespace: 'default',
  name,
});

const widget = (name: string, spec: object = {}): object => ({
  apiVersion: 'test.example/v1',
  kind: 'Widget',
  metadata: { name },
  spec,
});

async function create(kindName: string, body: object, options: object = {}): Promise<Unstructured> {
  const request = { resource: kind(kindName), namespace: 'default', body, ...write, ...options };
  return (await registry.create(request)).object.object;
}

async function patch(target: Target, body: unknown, options: Partial<PatchRequest> = {}) {
  return (await registry.patch({ target, type: 'merge', body, ...write, ...options })).object.object;
}

const apply = (name: string, spec: object, fieldManager: string, options: Partial<PatchRequest> = {}) =>
  patch(at('Widget', name), widget(name, spec), { type: 'apply', fieldManager, ...options });

async function failure(promise: Promise<unknown>): Promise<StatusError> {
  try {
    await promise;
  } catch (error) {
    if (isStatusError(error)) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

interface Entry {
  manager: string;
  operation: string;
  subresource?: string;
  fieldsV1: object;
}
const managers = (object: Unstructured): string[] =>
  ((object.metadata.managedFields ?? []) as Entry[]).map(({ manager, operation, subresource }) =>
    [manager, operation, ...(subresource === undefined ? [] : [subresource])].join(' '),
  );

describe('managers of fields', () => {
  it('are kept by every write', async () => {
    const created = await create('Widget', widget('managed', { color: 'red' }));
    expect(created.metadata.managedFields).toEqual([
      expect.objectContaining({
        manager: 'tests',
        operation: 'Update',
        apiVersion: 'test.example/v1',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:spec': { '.': {}, 'f:color': {}, 'f:size': {} } },
      }),
    ]);
    const target = at('Widget', 'managed');
    await patch(target, { spec: { replicas: 1 } }, { fieldManager: 'other' });
    await patch(target, { status: { replicas: 1 } }, { subresource: 'status' });
    const scaled = { subresource: 'scale', fieldManager: 'scaler' } as const;
    await patch(target, { spec: { replicas: 2 } }, scaled);
    const { object } = await registry.get({ target, user });
    expect(managers(object).sort()).toEqual(['scaler Update scale', 'tests Update', 'tests Update status']);
  });

  it.each([
    ['x'.repeat(129), 'fieldManager: Too long: may not be more than 128 bytes'],
    ['a\u0007', 'fieldManager: Invalid value: "a\\a": invalid character U+0007 (at position 1)'],
  ])('have names that are checked: %j', async (fieldManager, text) => {
    const error = await failure(create('Widget', widget('nobody'), { fieldManager }));
    expect([error.code, error.message]).toEqual([422, `CreateOptions.meta.k8s.io "" is invalid: ${text}`]);
  });

  it.each([
    [[{}], 'an empty entry'],
    [[], 'an empty list'],
  ])('are cleared by %j', async (managedFields) => {
    const name = `cleared-${managedFields.length}`;
    await create('Widget', widget(name));
    const cleared = await patch(at('Widget', name), { metadata: { managedFields } });
    expect(cleared.metadata.managedFields ?? []).toEqual([]);
  });

  it('change nothing for a write that changes nothing', async () => {
    const created = await create('Widget', widget('same', { color: 'red' }));
    const target = at('Widget', 'same');
    const again = await patch(target, { spec: { color: 'red' } });
    expect(again).toEqual(created);
    const put = await registry.update({ target, body: created, ...write });
    expect(put.object.object).toEqual(created);
  });
});

describe('apply', () => {
  it('creates, merges, and takes away what is not set any more', async () => {
    const first = await registry.patch({
      target: at('Widget', 'applied'),
      type: 'apply',
      fieldManager: 'one',
      body: widget('applied', { color: 'red', size: 'large' }),
      ...write,
    });
    expect(first).toMatchObject({ created: true, object: { object: { metadata: { generation: 1 } } } });
    await apply('applied', { replicas: 3 }, 'two');
    const less = await apply('applied', { color: 'red' }, 'one');
    expect(less['spec'], 'the default is back').toEqual({ color: 'red', size: 'medium', replicas: 3 });
    expect(managers(less).sort()).toEqual(['one Apply', 'two Apply']);
    expect(await apply('applied', { color: 'red' }, 'one'), 'no change').toEqual(less);
  });

  it('conflicts with the fields of others unless it is forced', async () => {
    await apply('fought-over', { color: 'red' }, 'one');
    const error = await failure(apply('fought-over', { color: 'blue' }, 'two'));
    expect(error.toStatus()).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "one": .spec.color',
      details: {
        causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.spec.color' }],
      },
    });
    const forced = await apply('fought-over', { color: 'blue' }, 'two', { force: true });
    expect([forced['spec'], managers(forced)]).toEqual([{ color: 'blue', size: 'medium' }, ['two Apply']]);
  });

  it.each([
    [{ fieldManager: '' }, {}, 422, 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value'],
    [{ type: 'merge', force: true }, {}, 422, 'force: Forbidden: may not be specified for non-apply patch'],
    [{}, { metadata: { managedFields: [{ manager: 'x' }] } }, 400, 'metadata.managedFields must be nil'],
    [{}, { kind: undefined }, 400, "Object 'Kind' is missing"],
    [{}, { apiVersion: 'test.example/v2' }, 400, 'Incorrect version specified in apply patch'],
    [{}, { metadata: {} }, 400, '(absent based on URL) was undeterminable: name must be provided'],
    [{}, { metadata: 'x' }, 400, '.metadata: expected map'],
    [{}, { metadata: { name: 'another' } }, 400, 'does not match the name on the URL'],
    [
      {},
      { metadata: { name: 'absent', uid: 'u' } },
      409,
      'uid mismatch: the provided object specified uid u',
    ],
    [{}, { metadata: { name: 'absent', resourceVersion: '1' } }, 409, 'the object has been modified'],
    [{}, { spec: { zork: 1 } }, 400, '.spec.zork: field not declared in schema'],
    [{ subresource: 'status' }, {}, 404, 'not found'],
  ] as const)('with %o of %o is refused with %d', async (options, change, code, text) => {
    const body = { ...widget('absent'), ...change };
    const all = { type: 'apply', fieldManager: 'one', ...options } as const;
    const error = await failure(patch(at('Widget', 'absent'), body, all));
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(text)]);
  });

  it('stores nothing in a dry run', async () => {
    const shown = await apply('only-shown', { color: 'red' }, 'one', { dryRun: true });
    expect([shown['spec'], shown.metadata.resourceVersion]).toEqual([
      { color: 'red', size: 'medium' },
      undefined,
    ]);
    expect((await failure(registry.get({ target: at('Widget', 'only-shown'), user }))).code).toBe(404);
  });

  it('of a status leaves the rest alone', async () => {
    await create('Widget', widget('stated', { color: 'red' }));
    const status = { subresource: 'status', type: 'apply', fieldManager: 'one' } as const;
    const body = { ...widget('stated', { color: 'blue' }), status: { replicas: 4 } };
    const stated = await patch(at('Widget', 'stated'), body, status);
    expect(stated).toMatchObject({ spec: { color: 'red' }, status: { replicas: 4 } });
    expect(managers(stated)).toContain('one Apply status');
  });
});

describe('scale', () => {
  const scale = (name: string, body: unknown, options: Partial<PatchRequest> = {}) =>
    patch(at('Widget', name), body, { subresource: 'scale', ...options });

  it('shows and changes the number of replicas, and nothing else', async () => {
    const created = await create('Widget', widget('scaled', { replicas: 1, big: 9007199254740993n }));
    const target = at('Widget', 'scaled');
    const { object: shown } = await registry.get({ target: target, subresource: 'scale', user });
    expect(shown).toMatchObject({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: { uid: created.metadata.uid, resourceVersion: created.metadata.resourceVersion },
      spec: { replicas: 1 },
      status: { replicas: 0 },
    });
    expect((await scale('scaled', { spec: { replicas: 2 } }))['spec']).toEqual({ replicas: 2 });
    const operations = [{ op: 'replace', path: '/spec/replicas', value: 3 }];
    expect((await scale('scaled', operations, { type: 'json' }))['spec']).toEqual({ replicas: 3 });
    const body = {
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: { name: 'scaled' },
      spec: { replicas: 4 },
    };
    await registry.update({ target, subresource: 'scale', body, ...write });
    const { object } = await registry.get({ target, user });
    expect(object['spec']).toEqual({ replicas: 4, size: 'medium', big: 9007199254740993n });
    expect(object.metadata.generation).toBe(4);
  });

  it.each([
    [{ spec: { replicas: -1 } }, 422],
    [{ spec: { replicas: 1.5 } }, 400],
    [{ spec: { replicas: 'many' } }, 400],
    [{ spec: { replicas: null } }, 400],
    [{ metadata: { resourceVersion: '1' }, spec: { replicas: 5 } }, 409],
  ])('refuses %o with %d', async (body, code) => {
    await create('Widget', widget('scaled-wrong', { replicas: 1 })).catch(() => undefined);
    expect((await failure(scale('scaled-wrong', body))).code).toBe(code);
  });

  it('is applied as a field of the object', async () => {
    await create('Widget', widget('scaled-by-apply', { replicas: 1 }));
    const body = {
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: { name: 'scaled-by-apply' },
      spec: { replicas: 7 },
    };
    const options = { type: 'apply', fieldManager: 'scaler' } as const;
    expect((await failure(scale('scaled-by-apply', body, options))).message).toContain(
      'conflict with "tests" using test.example/v1: .spec.replicas',
    );
    expect((await scale('scaled-by-apply', body, { ...options, force: true }))['spec']).toEqual({
      replicas: 7,
    });
    const { object } = await registry.get({ target: at('Widget', 'scaled-by-apply'), user });
    expect(managers(object)).toContain('scaler Apply scale');
  });
});

describe('a dry run', () => {
  it.each([
    [
      'of a create',
      () => create('Widget', widget('dry', { color: 'x'.repeat(3 * 1024 * 1024) }), { dryRun: true }),
      413,
    ],
    ['in no namespace', () => create('Widget', widget('dry'), { dryRun: true, namespace: 'nope' }), 404],
    [
      'of a taken name',
      () => create('Namespace', { metadata: { name: 'default' } }, { dryRun: true, namespace: '' }),
      409,
    ],
  ])('%s fails as the real one', async (_name, run, code) => {
    expect((await failure(run())).code).toBe(code);
  });
});

describe('fieldValidation', () => {
  it('judges bodies, patches and fields that stand twice', async () => {
    const body = { ...widget('strict'), spec: { bogus: 1 } };
    const duplicateFields = ['spec.color'];
    expect((await failure(create('Widget', body, { duplicateFields }))).message).toBe(
      'Widget in version "v1" cannot be handled as a Widget: strict decoding error: duplicate field "spec.color", unknown field "spec.bogus"',
    );
    await create('Widget', widget('strict'));
    const error = await failure(patch(at('Widget', 'strict'), { spec: { bogus: 1 } }));
    expect([error.code, error.message]).toEqual([
      422,
      expect.stringContaining('strict decoding error: unknown field "spec.bogus"'),
    ]);
    const warned = await registry.patch({
      target: at('Widget', 'strict'),
      type: 'merge',
      body: { spec: { bogus: 1 } },
      ...write,
      fieldValidation: 'Warn',
    });
    expect(warned.warnings).toEqual(['unknown field "spec.bogus"']);
  });
});

describe('owners that stand twice', () => {
  it('are kept once, with a warning', async () => {
    const owner = { apiVersion: 'v1', kind: 'Namespace', name: 'default', uid: 'u1' };
    const body = {
      ...widget('owned'),
      metadata: { name: 'owned', ownerReferences: [owner, { ...owner, controller: true }, owner] },
    };
    const resource = kind('Widget');
    const { object, warnings } = await registry.create({ resource, namespace: 'default', body, ...write });
    expect(object.object.metadata.ownerReferences).toEqual([owner, { ...owner, controller: true }]);
    expect(warnings).toEqual([expect.stringContaining('duplicate UID(s) observed: u1')]);
  });
});

describe('a collection', () => {
  it('is deleted object by object, those with finalizers are marked', async () => {
    const resource = kind('Widget');
    await create('Namespace', { metadata: { name: 'many' } }, { namespace: '' });
    const names = Array.from({ length: 300 }, (_, index) => `w-${index}`);
    await Promise.all(names.map((name) => create('Widget', widget(name), { namespace: 'many' })));
    const kept = { ...widget('kept'), metadata: { name: 'kept', finalizers: ['test.example/x'] } };
    await create('Widget', kept, { namespace: 'many' });
    const query = { resource, namespace: 'many' };
    const shown = await registry.deleteCollection({ user, query, dryRun: true });
    expect(shown.items).toHaveLength(301);
    const deleted = await registry.deleteCollection({ user, query, dryRun: false });
    expect(deleted.items).toHaveLength(301);
    const { items } = await registry.list({ ...query, user });
    expect(items.map(({ object }) => [object.metadata.name, object.metadata.generation])).toEqual([
      ['kept', 2],
    ]);
  });
});
