import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { freshDatabase } from '../../conformance/storage/databases.ts';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';

/** Two API servers on one MySQL or MariaDB, as in production. */

const GHOSTS = '/apis/agent.wecode.io/v1/namespaces/default/ghosts';
const MERGE = { 'content-type': 'application/merge-patch+json' };

const stack = new AsyncDisposableStack();
let first: TestApi;
let second: TestApi;

beforeAll(async () => {
  const database = stack.use(await freshDatabase('mysql'));
  const redis = process.env['TROUPE_TEST_REDIS_URL'];
  const dataDir = stack.use(await temporaryFolder('replicas')).path;
  const shared = { dataDir, databaseURL: database.url, ...(redis === undefined ? {} : { redisURL: redis }) };
  // At once: both want to make the tables and the first namespaces.
  [first, second] = await Promise.all([testApi(shared), testApi(shared)]);
  stack.use(first);
  stack.use(second);
});

afterAll(() => stack.disposeAsync());

function create(api: TestApi, name: string): Promise<{ status: number }> {
  const body = {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Ghost',
    metadata: { name },
    spec: { systemPrompt: 'x' },
  };
  return api.send(GHOSTS, { method: 'POST', body });
}

describe('two replicas', () => {
  it('see at once what was written through the other', async () => {
    for (let index = 0; index < 10; index++) {
      expect((await create(first, `seen-${index}`)).status).toBe(201);
      expect((await second.send(`${GHOSTS}/seen-${index}`)).status).toBe(200);
    }
  });

  it('let one of them win, and lose no patch', async () => {
    const both = await Promise.all([create(first, 'race'), create(second, 'race')]);
    expect(both.map(({ status }) => status).sort((a, b) => a - b)).toEqual([201, 409]);
    const keys = Array.from({ length: 20 }, (_, index) => `key-${index}`);
    await Promise.all(
      keys.map((key, index) => {
        const body = { metadata: { labels: { [key]: 'x' } } };
        const api = index % 2 === 0 ? first : second;
        return api.send(`${GHOSTS}/race`, { method: 'PATCH', body, headers: MERGE });
      }),
    );
    const { metadata } = (await first.send(`${GHOSTS}/race`)).json() as unknown as {
      metadata: { labels: Record<string, string> };
    };
    expect(Object.keys(metadata.labels).sort()).toEqual(keys.sort());
  });

  it('send the same events in the same order', async () => {
    const { metadata } = (await first.send(GHOSTS)).json() as unknown as {
      metadata: { resourceVersion: string };
    };
    const url = `${GHOSTS}?watch=1&resourceVersion=${metadata.resourceVersion}`;
    await using one = await first.lines(url);
    await using two = await second.lines(url);
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => create(index % 2 === 0 ? first : second, `both-${index}`)),
    );
    for (let index = 0; index < 20; index++) expect(await one.next()).toBe(await two.next());
  });
});
