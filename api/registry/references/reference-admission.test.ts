import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Authorizer } from '../../machinery/users/authorizer.ts';
import { silentLogger } from '../../machinery/logger.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import { API_SERVER_USER } from '../../machinery/users/user.ts';
import type { User } from '../../machinery/users/user.ts';
import { loadDefinitions } from '../../schema/load-crds.ts';
import type { Store } from '../../storage/contract/store.ts';
import { openStore } from '../../storage/open-store.ts';
import { createCatalog } from '../catalog.ts';
import { createInitialNamespaces } from '../initial-namespaces.ts';
import { createRegistry } from '../registry.ts';
import type { Registry } from '../registry.ts';
import type { Resource, Target } from '../resource.ts';

const jane: User = { name: 'jane', uid: 'u1', groups: ['team-a'] };
/** `verb plural namespace/name` */
const rights = new Set<string>();
const asked: string[] = [];

const authorizer: Authorizer = {
  async authorize(user, { verb, resource }) {
    const wish = `${verb} ${resource?.plural ?? ''} ${resource?.namespace ?? ''}/${resource?.name ?? ''}`;
    if (user === jane) asked.push(wish);
    return { verdict: user !== jane || rights.has(wish) ? 'allow' : 'no opinion', reason: '' };
  },
};

let store: Store;
let registry: Registry;
let count = 0;

beforeAll(async () => {
  store = await openStore({ url: 'sqlite::memory:', logger: silentLogger });
  registry = createRegistry({ catalog: createCatalog(loadDefinitions()), store, authorizer });
  await createInitialNamespaces(registry);
});

afterAll(() => store.close());

const kind = (name: string): Resource =>
  registry.catalog.current().find((resource) => resource.kind === name) as Resource;

const by = (user: User) => ({ user, dryRun: false, fieldValidation: 'Strict' as const });

async function create(
  user: User,
  kindName: string,
  spec: object,
  name = `o${(count += 1)}`,
): Promise<Unstructured> {
  const resource = kind(kindName);
  const body = {
    apiVersion: `${resource.group}/${resource.version}`,
    kind: kindName,
    metadata: { name },
    spec,
  };
  return (await registry.create({ resource, namespace: 'default', body, ...by(user) })).object.object;
}

const targetOf = ({ kind: its, metadata }: Unstructured): Target => ({
  resource: kind(its),
  namespace: 'default',
  name: metadata.name,
});

async function merge(user: User, object: Unstructured, body: object): Promise<Unstructured> {
  const patch = { target: targetOf(object), type: 'merge' as const, body };
  return (await registry.patch({ ...patch, ...by(user) })).object.object;
}

async function refusal(attempt: Promise<unknown>): Promise<StatusError> {
  return attempt.then(
    () => {
      throw new Error('it was not refused');
    },
    (error: unknown) => error as StatusError,
  );
}

const bot = (namespace?: string): object => ({
  ghostRef: { name: 'g' },
  shellRef: { name: 's' },
  modelRef: { name: 'm', ...(namespace === undefined ? {} : { namespace }) },
});

function may(...wishes: string[]): void {
  rights.clear();
  asked.length = 0;
  for (const wish of wishes) rights.add(wish);
}

describe('a reference', () => {
  it('needs the verb use, or get within the namespace', async () => {
    may('use ghosts default/g', 'get shells default/s', 'use models system/m');
    await create(jane, 'Bot', bot('system'));
    expect(asked).toEqual([
      'use ghosts default/g',
      'use shells default/s',
      'get shells default/s',
      'use models system/m',
    ]);
  });

  it('to another namespace is not allowed by get', async () => {
    may('use ghosts default/g', 'use shells default/s', 'get models system/m');
    const error = await refusal(create(jane, 'Bot', bot('system'), 'b'));
    expect(error.toStatus()).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message:
        'bots.agent.wecode.io "b" is forbidden: spec.modelRef: User "jane" cannot use resource "models" called "m" ' +
        'in API group "agent.wecode.io" in the namespace "system"',
      details: { name: 'b', group: 'agent.wecode.io', kind: 'bots', causes: [{ field: 'spec.modelRef' }] },
    });
  });

  it('is refused alike whether the object is there or not', async () => {
    await create(API_SERVER_USER, 'Model', { modelConfig: {} }, 'there');
    may('use ghosts default/g', 'use shells default/s');
    const refuse = async (name: string): Promise<string> => {
      const spec = { ...bot(), modelRef: { name } };
      const { message, code } = await refusal(create(jane, 'Bot', spec, 'same'));
      return `${code} ${message.replaceAll(name, 'NAME')}`;
    };
    expect(await refuse('there')).toBe(await refuse('absent'));
  });

  it('that stays is not judged again; one that is new or changed is', async () => {
    const object = await create(API_SERVER_USER, 'Bot', bot());
    may();
    const labelled = await merge(jane, object, { metadata: { labels: { a: 'b' } } });
    expect([labelled.metadata.labels, asked]).toEqual([{ a: 'b' }, []]);
    await refusal(merge(jane, object, { spec: { modelRef: { name: 'other' } } }));
    expect(asked).toEqual(['use models default/other', 'get models default/other']);
  });

  it('to a Secret is judged again when its value would go elsewhere', async () => {
    const env = (base_url: string): object => ({ modelConfig: { env: { base_url, model_id: 'm' } } });
    const object = await create(API_SERVER_USER, 'Model', {
      ...env('https://good'),
      secretRef: { name: 's' },
    });
    may();
    await merge(jane, object, { spec: { modelGroup: 'g' } });
    const error = await refusal(merge(jane, object, { spec: env('https://evil') }));
    expect(error.message).toContain('spec.secretRef: User "jane" cannot use resource "secrets" called "s"');
    may('get secrets default/s');
    await merge(jane, object, { spec: env('https://evil') });
  });

  it('of an action to a Secret is judged again when another service would get its value', async () => {
    const headers = [{ name: 'X-Key', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }];
    const workflow = (url: string): object => ({
      type: 'workflow',
      steps: [{ name: 'call', action: { http: { url, headers } } }],
    });
    const object = await create(API_SERVER_USER, 'Collaboration', workflow('https://good.example/a'));
    may();
    await merge(jane, object, { spec: workflow('https://good.example/b') });
    const field = 'spec.steps[0].action.http.headers[0].valueFrom.secretKeyRef';
    const wish = `${field}: User "jane" cannot use resource "secrets" called "s"`;
    for (const url of ['https://evil.example/a', 'http://good.example/a', 'https://good.example:8443/a']) {
      expect((await refusal(merge(jane, object, { spec: workflow(url) }))).message).toContain(wish);
    }
    expect(
      (await refusal(create(jane, 'Collaboration', workflow('https://good.example/a')))).message,
    ).toContain(wish);
  });

  it('counts once, however often it stands there', async () => {
    may('use bots default/b');
    const members = Array.from({ length: 50 }, () => ({ botRef: { name: 'b' } }));
    await create(jane, 'Team', { members, collaborationModel: 'pipeline' });
    expect(asked).toEqual(['use bots default/b']);
  });
});

describe('the user of a Task', () => {
  const spec = { prompt: 'do it', teamRef: { name: 't' } };
  const mallory = { name: 'root', groups: ['system:masters'] };

  it('is who made it, whatever the client writes', async () => {
    may('use teams default/t');
    const task = await create(jane, 'Task', { ...spec, user: mallory });
    expect((task['spec'] as { user: object }).user).toEqual(jane);
  });

  it('has what is known of the user, and nothing of the token', async () => {
    const extra = { 'example.org/team': ['red'], 'authentication.kubernetes.io/credential-id': ['JTI=1'] };
    const task = await create({ ...API_SERVER_USER, extra }, 'Task', spec);
    expect((task['spec'] as { user: object }).user).toEqual({
      ...API_SERVER_USER,
      extra: { 'example.org/team': ['red'] },
    });
  });

  it('stays, whoever changes the Task and in whatever way', async () => {
    may('use teams default/t');
    const task = await create(jane, 'Task', spec);
    for (const body of [{ spec: { user: mallory } }, { spec: { user: null } }, { spec: { cancel: true } }]) {
      const changed = await merge(API_SERVER_USER, task, body);
      expect((changed['spec'] as { user: object }).user).toEqual(jane);
    }
  });
});
