import { beforeEach, describe, expect, it } from 'vitest';
import type { Unstructured } from '../../machinery/meta.ts';
import type { Attributes, Authorizer } from '../../machinery/users/authorizer.ts';
import { EXECUTOR_NAMESPACE } from '../../machinery/users/process-account.ts';
import { namespaceAccountsGroup } from '../../machinery/users/service-account-user.ts';
import type { Sandbox } from '../../types/generated/sandbox.ts';
import { createExecutorAuthorizer } from './executor-authorizer.ts';
import { RESOURCES } from './needed-objects.ts';
import type { ObjectKey } from './needed-objects.ts';
import { SandboxIndex } from './sandbox-index.ts';

const GROUP = 'agent.wecode.io';
const user = {
  name: `system:serviceaccount:${EXECUTOR_NAMESPACE}:here`,
  groups: [namespaceAccountsGroup(EXECUTOR_NAMESPACE)],
  uid: '',
  extra: {},
};

const textOf = ({ resource, namespace, name }: ObjectKey): string => `${resource}/${namespace}/${name}`;

/** Memory that is behind what was written until it is renewed, and counts the looks at it. */
class Written {
  readonly #memory = new Map<string, Unstructured>();
  readonly #written = new Map<string, Unstructured>();
  readonly sandboxes = new SandboxIndex();
  looks = 0;
  renewals = 0;

  known = async (key: ObjectKey): Promise<Unstructured | undefined> => {
    this.looks += 1;
    return this.#memory.get(textOf(key));
  };

  newest = async (key: ObjectKey): Promise<Unstructured | undefined> => this.#written.get(textOf(key));

  renew = async (): Promise<void> => {
    this.renewals += 1;
    for (const [text, object] of this.#written) {
      this.#memory.set(text, object);
      const [resource, namespace = '', name = ''] = text.split('/');
      if (resource === RESOURCES.sandboxes)
        this.sandboxes.set({ namespace, name }, object as unknown as Sandbox);
    }
  };

  write(resource: string, name: string, object: object): void {
    const key = { resource, namespace: 'a', name };
    const metadata = { name, namespace: 'a' };
    this.#written.set(textOf(key), { apiVersion: '', kind: '', metadata, ...object });
  }

  sandbox(name: string, spec: object, phase = 'Running'): void {
    this.write(RESOURCES.sandboxes, name, { spec: { executorName: 'here', ...spec }, status: { phase } });
  }
}

let written: Written;
let authorizer: Authorizer;
beforeEach(() => {
  written = new Written();
  authorizer = createExecutorAuthorizer(written);
});

async function may(verb: string, plural: string, name: string): Promise<boolean> {
  const group = plural === 'secrets' ? '' : GROUP;
  const resource = { group, version: 'v1', plural, subresource: '', namespace: 'a', name };
  const attributes: Attributes = { verb, path: '', resource };
  return (await authorizer.authorize(user, attributes)).verdict === 'allow';
}

const onModel = (name: string) => ({ model: { ref: { name } } });

describe('what an executor may read', () => {
  it.each([
    { reason: 'a run is on the Model', is: true, spec: onModel('m') },
    { reason: 'the run has ended', is: false, spec: onModel('m'), phase: 'Succeeded' },
    { reason: 'the run is on another Model', is: false, spec: onModel('other') },
    { reason: 'another executor has the run', is: false, spec: { ...onModel('m'), executorName: 'there' } },
    { reason: 'nobody has the run yet', is: false, spec: { ...onModel('m'), executorName: '' } },
    {
      reason: 'the Model is in another namespace',
      is: false,
      spec: { model: { ref: { name: 'm', namespace: 'b' } } },
    },
  ])('$is, since $reason: a Model and the Secret with its key', async ({ is, spec, phase }) => {
    written.write(RESOURCES.models, 'm', { spec: { secretRef: { name: 'key' } } });
    written.sandbox('s', spec, phase);
    expect(await may('get', 'models', 'm')).toBe(is);
    expect(await may('get', 'secrets', 'key')).toBe(is);
    expect(await may('get', 'secrets', 'another')).toBe(false);
  });

  it('a run that has ended still has its Task and the files it went on from', async () => {
    written.write(RESOURCES.tasks, 't', {});
    written.sandbox('s', { taskRef: { name: 't' }, continueFrom: [{ name: 'before' }] }, 'Failed');
    written.sandbox('before', { executorName: 'there' });
    expect(await may('get', 'tasks', 't')).toBe(true);
    expect(await may('get', 'sandboxes', 'before')).toBe(true);
  });

  it('packages are made while a skill is fetched', async () => {
    written.sandbox('s', { probe: { skill: { url: 'https://example.com/skill' } } });
    expect(await may('create', 'skillpackages', '')).toBe(true);
    expect(await may('get', 'skillpackages', '')).toBe(false);
    written.sandbox('s', { probe: { skill: { url: 'https://example.com/skill' } } }, 'Succeeded');
    await written.renew();
    expect(await may('create', 'skillpackages', '')).toBe(false);
  });
});

it('a right ends with the run, even where the index is behind', async () => {
  written.write(RESOURCES.models, 'm', {});
  written.sandbox('s', onModel('m'));
  expect(await may('get', 'models', 'm')).toBe(true);
  written.sandbox('s', onModel('m'), 'Succeeded');
  await written.renew();
  const behind = { executorName: 'here', ...onModel('m') };
  written.sandboxes.set({ namespace: 'a', name: 's' }, { metadata: {}, spec: behind } as unknown as Sandbox);
  expect(await may('get', 'models', 'm')).toBe(false);
});

it('asks the database only before it refuses', async () => {
  written.sandbox('s', onModel('m'));
  expect(await may('get', 'models', 'm')).toBe(true);
  expect(written.renewals).toBe(1);
  expect(await may('get', 'models', 'm')).toBe(true);
  expect(written.renewals).toBe(1);
  expect(await may('get', 'models', 'other')).toBe(false);
  expect(written.renewals).toBe(2);
});

it('looks at as many objects as are needed, however many there are', async () => {
  for (let index = 0; index < 1000; index += 1) {
    written.write(RESOURCES.models, `m${index % 2}`, { spec: { secretRef: { name: `key${index % 2}` } } });
    written.sandbox(`s${index}`, { taskRef: { name: `t${index}` }, ...onModel(`m${index % 2}`) });
    written.sandbox(`ended${index}`, { taskRef: { name: `old${index}` }, ...onModel('m0') }, 'Succeeded');
  }
  await written.renew();
  const looksFor = async (plural: string, name: string): Promise<number> => {
    written.looks = 0;
    expect(await may('get', plural, name)).toBe(true);
    return written.looks;
  };
  expect(await looksFor('tasks', 't999')).toBe(1);
  expect(await looksFor('tasks', 'old999')).toBe(1);
  expect(await looksFor('models', 'm1')).toBe(1);
  // Both Models, and a Sandbox on the one that names the Secret.
  expect(await looksFor('secrets', 'key1')).toBe(3);
});
