import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '../machinery/logger.ts';
import type { StatusError } from '../machinery/status-error.ts';
import { API_SERVER_USER } from '../machinery/users/user.ts';
import { loadDefinitions } from '../schema/load-crds.ts';
import type { Store } from '../storage/contract/store.ts';
import { openStore } from '../storage/open-store.ts';
import { createCatalog } from './catalog.ts';
import { formatContinue } from './reading/continue-token.ts';
import { createInitialNamespaces } from './initial-namespaces.ts';
import { createRegistry } from './registry.ts';
import type { Registry } from './registry.ts';
import type { ListQuery, ObjectList } from './requests.ts';
import type { Resource } from './resource.ts';

let store: Store;
let registry: Registry;
let ghosts: Resource;

const user = API_SERVER_USER;
const write = { user, dryRun: false, fieldValidation: 'Strict' } as const;

beforeAll(async () => {
  store = await openStore({
    url: 'sqlite::memory:',
    logger: silentLogger,
    options: {
      ringCapacity: 5,
      waitMs: 10,
      compaction: { everyMs: 3_600_000, windowMs: 0, minRevisions: 0 },
    },
  });
  registry = createRegistry({ catalog: createCatalog(loadDefinitions()), store });
  await createInitialNamespaces(registry);
  ghosts = registry.catalog.current().find(({ kind }) => kind === 'Ghost') as Resource;
  for (const name of ['b', 'd', 'a', 'e', 'c']) await create(name);
  await create('x', 'system');
});

afterAll(() => store.close());

async function create(name: string, namespace = 'default', labels = { of: name }): Promise<void> {
  const spec = { systemPrompt: 'x' };
  const body = { apiVersion: 'agent.wecode.io/v1', kind: 'Ghost', metadata: { name, labels }, spec };
  await registry.create({ resource: ghosts, namespace, body, ...write });
}

const list = (query: Partial<ListQuery>): Promise<ObjectList> =>
  registry.list({ user, resource: ghosts, namespace: '', ...query });

const names = ({ items }: ObjectList): string => items.map(({ object }) => object.metadata.name).join('');

async function failure(promise: Promise<unknown>): Promise<StatusError> {
  return promise.then(
    () => Promise.reject(new Error('it was accepted')),
    (error: unknown) => error as StatusError,
  );
}

describe('pages', () => {
  it('are of one snapshot, whatever is written between them', async () => {
    const first = await list({ limit: 2 });
    expect([names(first), first.remainingItemCount]).toEqual(['ab', 4]);
    await create('bb');
    await create('zz', 'system');
    const target = { resource: ghosts, namespace: 'default', name: 'd' };
    await registry.delete({ user, target, dryRun: false });
    const second = await list({ limit: 2, continue: first.continue ?? '' });
    expect([names(second), second.remainingItemCount, second.revision]).toEqual(['cd', 2, first.revision]);
    const third = await list({ limit: 2, continue: second.continue ?? '' });
    expect([names(third), third.continue, third.revision]).toEqual(['ex', undefined, first.revision]);
    expect(names(await list({}))).toBe('abbbcexzz');
  });

  it.each([
    [{ limit: -1 }, 'abbbcexzz', undefined, 'no limit'],
    [{ limit: 2, namespace: 'system' }, 'xzz', undefined, 'the last page'],
    [{ limit: 1, labelSelector: 'of in (b, c)' }, 'b', undefined, 'a selector: nobody counts the rest'],
    [{ limit: 1, labelSelector: 'of=c' }, 'c', undefined, 'nothing that matches is left'],
    [{ limit: 2, fieldSelector: 'metadata.name=c' }, 'c', undefined, 'by key'],
    [{ fieldSelector: 'metadata.name=x,metadata.namespace=system' }, 'x', undefined, 'by key'],
    [{ fieldSelector: 'metadata.namespace=system', namespace: 'default' }, '', undefined, 'contradiction'],
    [{ fieldSelector: 'metadata.name!=c,metadata.namespace!=system' }, 'abbbe', undefined, 'all but'],
  ])('%j', async (query, expected, remaining, reason) => {
    const page = await list(query);
    expect([names(page), page.remainingItemCount], reason).toEqual([expected, remaining]);
    const rest = page.continue === undefined ? '' : names(await list({ ...query, continue: page.continue }));
    expect(rest, reason).toBe(expected === 'b' ? 'c' : '');
  });

  it('go on inconsistently when their snapshot is gone', async () => {
    const first = await list({ limit: 2 });
    await create('y', 'system');
    await create('yy', 'system');
    await store.compact();
    const gone = await failure(list({ limit: 2, continue: first.continue ?? '' }));
    expect([gone.code, gone.message]).toEqual([410, expect.stringContaining('inconsistent list')]);
    const token = gone.toStatus().metadata.continue ?? '';
    expect(names(await list({ continue: token }))).toBe('bbcexyyyzz');
    const old = await failure(list({ resourceVersion: '1', resourceVersionMatch: 'Exact' }));
    expect([old.code, old.message]).toEqual([410, 'The resourceVersion for the provided list is too old.']);
  });

  const token = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

  it.each([
    [{ continue: '!' }, 'continue key is not valid', 'no base64'],
    [{ continue: token(1) }, 'continue key is not valid', 'no object'],
    [
      { continue: token({ v: 'v2', rv: 1, start: 'a' }) },
      'does not recognize this encoded version',
      'version',
    ],
    [
      { continue: token({ v: 'meta.k8s.io/v1', rv: 0, start: 'a/b' }) },
      'start resourceVersion',
      'revision 0',
    ],
    [{ continue: token({ v: 'meta.k8s.io/v1', rv: 1, start: '' }) }, 'start key empty', 'no key'],
    [
      { continue: token({ v: 'meta.k8s.io/v1', rv: 1, start: 'a' }) },
      'continue key is not valid',
      'no namespace',
    ],
    [
      {
        namespace: 'default',
        continue: formatContinue({ revision: 1, after: { namespace: 'o', name: 'a' } }),
      },
      'continue key is not valid',
      'another namespace',
    ],
    [
      {
        resourceVersion: '1',
        continue: formatContinue({ revision: 1, after: { namespace: 'o', name: 'a' } }),
      },
      'specifying resource version is not allowed when using continue',
      'two revisions',
    ],
  ])('refuse %j', async (query, text, reason) => {
    const error = await failure(list(query));
    expect([error.code, error.message], reason).toEqual([400, expect.stringContaining(text)]);
  });
});

describe('the revision of a list', () => {
  it('is the one that was asked for', async () => {
    const before = await list({});
    await create('later');
    const rv = String(before.revision);
    const exact = await list({ resourceVersion: rv, resourceVersionMatch: 'Exact' });
    expect([exact.revision, names(exact)]).toEqual([before.revision, names(before)]);
    const paged = await list({ resourceVersion: rv, limit: 500 });
    expect([paged.revision, names(paged)]).toEqual([before.revision, names(before)]);
    const newer = await list({ resourceVersion: rv, resourceVersionMatch: 'NotOlderThan', limit: 500 });
    expect(newer.revision).toBeGreaterThan(before.revision);
  });

  it('may not be one that is still to come', async () => {
    const { revision } = await list({});
    const error = await failure(list({ resourceVersion: '99999999' }));
    expect(error.toStatus()).toMatchObject({
      code: 504,
      reason: 'Timeout',
      message: `Timeout: Too large resource version: 99999999, current: ${revision}`,
      details: {
        causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
        retryAfterSeconds: 1,
      },
    });
  });
});
