import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Authorizer } from '../../machinery/users/authorizer.ts';
import { silentLogger } from '../../machinery/logger.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import { API_SERVER_USER, MASTERS_GROUP } from '../../machinery/users/user.ts';
import type { User } from '../../machinery/users/user.ts';
import { loadDefinitions } from '../../schema/load-crds.ts';
import type { Store } from '../../storage/contract/store.ts';
import { openStore } from '../../storage/open-store.ts';
import { createCatalog } from '../catalog.ts';
import { createInitialNamespaces } from '../initial-namespaces.ts';
import { createRegistry } from '../registry.ts';
import type { Registry } from '../registry.ts';
import type { PatchRequest, WatchItem } from '../requests.ts';
import type { Resource, Target } from '../resource.ts';

/** Reads and writes everything, but sees no credential. */
const reader: User = { name: 'reader', groups: [] };
/** May reveal the Models of one namespace. */
const insider: User = { name: 'insider', groups: [] };
const owner = API_SERVER_USER;

const authorizer: Authorizer = {
  async authorize({ name, groups }, { verb, resource }) {
    const allowed =
      groups.includes(MASTERS_GROUP) ||
      verb !== 'reveal' ||
      (name === 'insider' && resource?.namespace === 'default');
    return { verdict: allowed ? 'allow' : 'no opinion', reason: '' };
  },
};

const KEY = 'sk-test-0123456789';
/** Looks like no key. */
const PLAIN = 'open-sesame';
const MASK = /^masked:hmac-sha256:v1:[0-9a-f]{16}$/;
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

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

const target = (name: string, kindName = 'Model', namespace = 'default'): Target => ({
  resource: kind(kindName),
  namespace,
  name,
});

const by = (user: User) => ({ user, dryRun: false, fieldValidation: 'Strict' as const });
const env = (value: object): object => ({
  modelConfig: { env: { model: 'openai', model_id: 'gpt', ...value } },
});

interface Model extends Unstructured {
  spec: { modelConfig: { env: Record<string, unknown> }; [field: string]: unknown };
}

async function create(
  spec: object = env({ api_key: KEY }),
  kindName = 'Model',
  namespace = 'default',
): Promise<Model> {
  const { group, version } = kind(kindName);
  const body = {
    apiVersion: `${group}/${version}`,
    kind: kindName,
    metadata: { name: `m${(count += 1)}` },
    spec,
  };
  const written = await registry.create({ resource: kind(kindName), namespace, body, ...by(owner) });
  return written.object.object as Model;
}

async function read(name: string, user: User, kindName = 'Model', namespace = 'default'): Promise<Model> {
  return (await registry.get({ target: target(name, kindName, namespace), user })).object as Model;
}

async function patch(
  user: User,
  name: string,
  request: Pick<PatchRequest, 'body' | 'type'> & Partial<PatchRequest>,
) {
  const written = await registry.patch({ target: target(name), ...by(user), ...request });
  return written.object.object as Model;
}

const keyOf = (model: Model): unknown => model.spec.modelConfig.env['api_key'];
const stored = async (name: string): Promise<unknown> => keyOf(await read(name, owner));

async function refusal(attempt: Promise<unknown>): Promise<StatusError> {
  return attempt.then(
    () => {
      throw new Error('it was not refused');
    },
    (error: unknown) => error as StatusError,
  );
}

describe('reads', () => {
  it('show a mask to all but those with the verb reveal', async () => {
    const { metadata } = await create();
    const seen = await read(metadata.name, reader);
    expect(keyOf(seen)).toMatch(MASK);
    expect(seen.spec.modelConfig.env['model_id']).toBe('gpt');
    expect(await stored(metadata.name)).toBe(KEY);
    expect(keyOf(await read(metadata.name, insider))).toBe(KEY);
    expect((await registry.get({ target: target(metadata.name), user: reader })).json()).not.toContain(KEY);
  });

  it('make the masked form once of a revision', async () => {
    const { metadata } = await create();
    const get = () => registry.get({ target: target(metadata.name), user: reader });
    expect(await get()).toBe(await get());
  });

  it('ask for each namespace of a list that is over all of them', async () => {
    const [here, there] = [await create(), await create(env({ api_key: KEY }), 'Model', 'system')];
    const list = await registry.list({ resource: kind('Model'), namespace: '', user: insider });
    const keys = new Map(list.items.map(({ object }) => [object.metadata.name, keyOf(object as Model)]));
    expect(keys.get(here.metadata.name)).toBe(KEY);
    expect(keys.get(there.metadata.name)).toMatch(MASK);
  });

  it('give watches masks, the same item to all of them', async () => {
    const { metadata } = await create();
    const first = async (user: User): Promise<WatchItem> => {
      const abort = new AbortController();
      const query = { resource: kind('Model'), namespace: 'default', allowWatchBookmarks: false };
      const events = registry.watch({ ...query, user, signal: abort.signal });
      for await (const batch of events) {
        abort.abort();
        return batch.find(
          (item) => item.type !== 'BOOKMARK' && item.object.object.metadata.name === metadata.name,
        ) as WatchItem;
      }
      throw new Error('no event');
    };
    const [seen, again, revealed] = [await first(reader), await first(reader), await first(owner)];
    const text = (item: WatchItem): string => (item.type === 'BOOKMARK' ? '' : item.object.json());
    expect(text(seen)).not.toContain(KEY);
    expect(seen).toBe(again);
    expect(text(revealed)).toContain(KEY);
  });

  it('differ between objects, places and values, and not between reads', async () => {
    const one = await create(env({ api_key: KEY, OPENAI_API_KEY: KEY }));
    const two = await create(env({ api_key: KEY }));
    const first = (await read(one.metadata.name, reader)).spec.modelConfig.env;
    const second = (await read(two.metadata.name, reader)).spec.modelConfig.env;
    const masks = [first['api_key'], first['OPENAI_API_KEY'], second['api_key']];
    expect(new Set(masks).size).toBe(3);
    await patch(owner, one.metadata.name, { type: 'merge', body: { metadata: { labels: { a: 'b' } } } });
    expect(keyOf(await read(one.metadata.name, reader))).toBe(first['api_key']);
  });
});

describe('writes', () => {
  it.each<{ way: string; write: (seen: Model) => Promise<unknown> }>([
    {
      way: 'an update',
      write: (seen) => registry.update({ target: target(seen.metadata.name), body: seen, ...by(reader) }),
    },
    {
      way: 'a merge patch',
      write: ({ metadata, spec }) => patch(reader, metadata.name, { type: 'merge', body: { spec } }),
    },
    {
      way: 'a JSON patch that tests and replaces',
      write: (seen) => {
        const at = { path: '/spec/modelConfig/env/api_key', value: keyOf(seen) };
        return patch(reader, seen.metadata.name, {
          type: 'json',
          body: [
            { op: 'test', ...at },
            { op: 'replace', ...at },
          ],
        });
      },
    },
    {
      way: 'an apply',
      write: ({ apiVersion, kind: its, metadata: { name }, spec }) =>
        patch(reader, name, {
          ...{ type: 'apply', fieldManager: 'flux', force: true },
          body: { apiVersion, kind: its, metadata: { name }, spec },
        }),
    },
  ])('keep the value by $way, and answer with the mask', async ({ write }) => {
    const { metadata } = await create();
    const seen = await read(metadata.name, reader);
    const result = await write(seen);
    expect(await stored(metadata.name)).toBe(KEY);
    expect(JSON.stringify(result)).not.toContain(KEY);
    const { generation } = (await read(metadata.name, owner)).metadata;
    expect(generation).toBe(metadata.generation);
  });

  it.each<{ reason: string; change: (env: Record<string, unknown>) => void; field: string }>([
    {
      reason: 'of another value',
      change: (its) => (its['api_key'] = 'masked:hmac-sha256:v1:0123456789abcdef'),
      field: 'spec.modelConfig.env.api_key',
    },
    {
      reason: 'that was moved to another credential',
      change: (its) => (its['OPENAI_API_KEY'] = its['api_key']),
      field: 'spec.modelConfig.env.OPENAI_API_KEY',
    },
    {
      reason: 'that was moved to a field that all may read',
      change: (its) => (its['model_id'] = its['api_key']),
      field: 'spec.modelConfig.env.model_id',
    },
  ])('refuse a mask $reason', async ({ change, field }) => {
    const { metadata } = await create();
    const seen = structuredClone(await read(metadata.name, reader));
    change(seen.spec.modelConfig.env);
    const error = await refusal(
      registry.update({ target: target(metadata.name), body: seen, ...by(reader) }),
    );
    expect([error.reason, error.details?.causes?.map((cause) => cause.field)]).toEqual(['Invalid', [field]]);
    expect(error.message).toContain('give the value itself');
    expect(await stored(metadata.name)).toBe(KEY);
  });

  it('refuse a mask in a new object, and one of another object', async () => {
    const seen = await read((await create()).metadata.name, reader);
    const body = { ...seen, metadata: { name: 'copy' } };
    const error = await refusal(
      registry.create({ resource: kind('Model'), namespace: 'default', body, ...by(reader) }),
    );
    expect(error.message).toContain('spec.modelConfig.env.api_key: Forbidden: is the mask of a credential');
    const other = await create();
    const moved = await refusal(
      patch(reader, other.metadata.name, { type: 'merge', body: { spec: seen.spec } }),
    );
    expect(moved.reason).toBe('Invalid');
  });

  it('show a new value as another mask, also in a dry run', async () => {
    const { metadata } = await create();
    const before = keyOf(await read(metadata.name, reader));
    const body = { spec: env({ api_key: 'sk-new' }) };
    const dry = await patch(reader, metadata.name, { type: 'merge', body, dryRun: true });
    expect(keyOf(dry)).toMatch(MASK);
    expect(keyOf(dry)).not.toBe(before);
    const done = await patch(reader, metadata.name, { type: 'merge', body });
    expect(keyOf(done)).toBe(keyOf(dry));
    expect(await stored(metadata.name)).toBe('sk-new');
  });

  it.each(['copy', 'move'])('let a JSON patch %s no credential to where all may read it', async (op) => {
    const { metadata } = await create();
    const result = await patch(reader, metadata.name, {
      type: 'json',
      body: [
        { op: 'add', path: '/metadata/annotations', value: {} },
        { op, from: '/spec/modelConfig/env/api_key', path: '/metadata/annotations/x' },
      ],
    });
    expect(result.metadata.annotations?.['x']).toMatch(MASK);
    expect((await read(metadata.name, owner)).metadata.annotations?.['x']).toMatch(MASK);
  });

  it('let nobody try values out by a test of a JSON patch', async () => {
    const { metadata } = await create();
    const guess = { op: 'test', path: '/spec/modelConfig/env/api_key', value: KEY };
    const error = await refusal(patch(reader, metadata.name, { type: 'json', body: [guess] }));
    expect(error.code).toBe(422);
  });

  it('let a client that sees no credential send it to no other address', async () => {
    const { metadata } = await create(env({ api_key: KEY, base_url: 'https://good.example' }));
    const evil = { base_url: 'https://evil.example' };
    const merge = (user: User, more: object = {}) =>
      patch(user, metadata.name, { type: 'merge', body: { spec: env({ ...evil, ...more }) } });
    const error = await refusal(merge(reader));
    expect(error.message).toContain('spec.modelConfig.env.api_key: Forbidden: is kept while');
    const applied = await refusal(
      patch(reader, metadata.name, {
        ...{ type: 'apply', fieldManager: 'thief', force: true },
        body: {
          ...{ apiVersion: 'agent.wecode.io/v1', kind: 'Model', metadata: { name: metadata.name } },
          spec: { modelConfig: { env: evil } },
        },
      }),
    );
    expect(applied.reason).toBe('Invalid');
    await merge(reader, { api_key: 'sk-own' });
    expect(await stored(metadata.name), 'its own value').toBe('sk-own');
    await merge(insider, { base_url: 'https://other.example' });
  });
});

describe('a credential that counts as one by what stands before it', () => {
  const server = (args: unknown): object => ({
    systemPrompt: 'p',
    mcpServers: { m: { command: 'c', args } },
  });
  const update = (body: Unstructured, user = reader) =>
    registry.update({ target: target(body.metadata.name, 'Ghost'), body, ...by(user) });

  const readGhost = async (name: string) =>
    (await read(name, reader, 'Ghost')) as Unstructured as Unstructured & {
      spec: { mcpServers: { m: { args: unknown[] } } };
    };

  it.each([
    ['another flag before it', (mask: unknown) => ['--label', mask]],
    ['a text in place of a list', (mask: unknown) => mask],
    ['a place in front', (mask: unknown) => [mask, '--token']],
  ])('cannot be made readable by %s', async (_reason, args) => {
    const { metadata } = await create(server(['--token', PLAIN]), 'Ghost');
    const seen = await readGhost(metadata.name);
    const mask = seen.spec.mcpServers.m.args[1];
    expect(mask).toMatch(MASK);
    for (const user of [reader, owner]) {
      const error = await refusal(update({ ...seen, spec: server(args(mask)) }, user));
      expect(error.message).toContain('would be readable by all');
    }
    await update({ ...seen, spec: server(['--token', mask]) });
  });

  it('cannot be made readable by a copy in an annotation', async () => {
    const { metadata } = await create(server(['--token', PLAIN]), 'Ghost');
    const seen = await readGhost(metadata.name);
    const copy = JSON.stringify({ ...seen, spec: server(['--label', seen.spec.mcpServers.m.args[1]]) });
    await update({ ...seen, metadata: { ...seen.metadata, annotations: { copy } } });
    const { annotations } = (await read(metadata.name, owner, 'Ghost')).metadata;
    expect(annotations?.['copy']).not.toContain(PLAIN);
  });
});

describe('copies in annotations', () => {
  const applied = (spec: object, name: string): string =>
    `${JSON.stringify({ apiVersion: 'agent.wecode.io/v1', kind: 'Model', metadata: { annotations: {}, name, namespace: 'default' }, spec })}\n`;

  it('are masked like the object, and put back', async () => {
    const { metadata, spec } = await create();
    const text = applied(spec, metadata.name);
    await patch(owner, metadata.name, {
      type: 'merge',
      body: { metadata: { annotations: { [LAST_APPLIED]: text } } },
    });
    const seen = await read(metadata.name, reader);
    const copy = seen.metadata.annotations?.[LAST_APPLIED] ?? '';
    expect(copy).not.toContain(KEY);
    expect(keyOf(JSON.parse(copy) as Model)).toBe(keyOf(seen));
    expect(copy.endsWith('\n')).toBe(true);
    await registry.update({ target: target(metadata.name), body: seen, ...by(reader) });
    expect((await read(metadata.name, owner)).metadata.annotations?.[LAST_APPLIED]).toContain(KEY);
  });

  it('may hold masks that stand for nothing by now', async () => {
    const { metadata, spec } = await create();
    const old = { ...spec, ...env({ api_key: 'masked:hmac-sha256:v1:0123456789abcdef' }) };
    const body = { metadata: { annotations: { [LAST_APPLIED]: applied(old, metadata.name) } } };
    await patch(reader, metadata.name, { type: 'merge', body });
    expect(await stored(metadata.name)).toBe(KEY);
  });
});

describe('server-side apply', () => {
  it('compares values, not masks: managers are the same whoever applies', async () => {
    const { metadata } = await create();
    const seen = await read(metadata.name, reader);
    const apply = (user: User, spec: object, more: Partial<PatchRequest> = {}) =>
      patch(user, metadata.name, {
        ...{ type: 'apply', fieldManager: user.name, ...more },
        body: { apiVersion: 'agent.wecode.io/v1', kind: 'Model', metadata: { name: metadata.name }, spec },
      });
    await apply(owner, { modelConfig: { env: { api_key: KEY } } });
    await apply(reader, { modelConfig: { env: { api_key: keyOf(seen) } } });
    const conflict = await refusal(apply(reader, { modelConfig: { env: { api_key: 'sk-other' } } }));
    expect(conflict.reason).toBe('Conflict');
    expect(conflict.message).not.toContain(KEY);
    const fields = (manager: string) =>
      (seenNow.metadata.managedFields as { manager: string; fieldsV1: object }[]).find(
        (one) => one.manager === manager,
      )?.fieldsV1;
    const seenNow = await read(metadata.name, reader);
    expect(fields('reader')).toEqual(fields('system:apiserver'));
    expect(fields('reader')).toBeDefined();
  });
});
