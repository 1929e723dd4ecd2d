import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databaseServer } from '#dev/environment/databases/database-server';
import type { DatabaseServer } from '#dev/environment/databases/database-server';
import { freshDatabase } from '../../conformance/storage/databases.ts';
import { testApi } from '../../kit/api.ts';
import type { ApiAnswer, TestApi } from '../../kit/api.ts';
import { recordingLogger } from '../../kit/recording-logger.ts';

/** What clients of an API server see while its database is away; what the store does is tested on both servers. */

const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';
const configMap = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });

describe('an API server whose database is away', () => {
  const stack = new AsyncDisposableStack();
  const logger = recordingLogger();
  let server: DatabaseServer;
  let api: TestApi;

  beforeAll(async () => {
    server = stack.use(await databaseServer({ flavour: 'mariadb', durable: true }));
    api = stack.use(await testApi({ databaseURL: server.url, logger }));
  });
  afterAll(() => stack.disposeAsync());

  const post = (name: string): Promise<ApiAnswer> =>
    api.send(CONFIGMAPS, { method: 'POST', body: configMap(name) });

  const everything = (name: string): Promise<ApiAnswer[]> =>
    Promise.all([
      post(name),
      api.send(`${CONFIGMAPS}/before`),
      api.send(CONFIGMAPS),
      api.send(`${CONFIGMAPS}/before`, { method: 'DELETE' }),
      api.send(`${CONFIGMAPS}/before`, {
        method: 'PATCH',
        body: { data: { a: 'b' } },
        headers: { 'content-type': 'application/merge-patch+json' },
      }),
    ]);

  async function isReady(): Promise<void> {
    while ((await api.send('/readyz')).status !== 200) await new Promise(setImmediate);
  }

  it.each([
    { trouble: 'killed', begin: () => server.kill(), end: () => server.start() },
    { trouble: 'stopped', begin: () => server.stop(), end: () => server.start() },
    { trouble: 'hung', begin: async () => server.pause(), end: async () => server.resume() },
  ])('says so with a Status and Retry-After when it is $trouble, and goes on by itself', async (given) => {
    const { trouble } = given;
    expect((await post('before')).status).toBeLessThan(500);
    const before = await api.send(CONFIGMAPS);
    const { resourceVersion } = (before.json() as unknown as { metadata: { resourceVersion: string } })
      .metadata;
    await using watch = await api.lines(`${CONFIGMAPS}?watch=1&resourceVersion=${resourceVersion}`);

    await given.begin();
    for (const answer of await everything(`during-${trouble}`)) {
      const status = answer.json() as unknown as { kind: string; reason: string; code: number };
      expect(status.kind).toBe('Status');
      expect(['ServiceUnavailable', 'Timeout']).toContain(status.reason);
      expect(answer.status).toBe(status.code);
      // What may have happened is not to be repeated without looking.
      if (status.reason === 'ServiceUnavailable') expect(answer.headers['retry-after']).toBe('1');
    }
    expect((await api.send(`${CONFIGMAPS}?resourceVersion=0`)).status, 'out of memory').toBe(200);
    expect((await api.send('/livez')).status, 'a new start would not help').toBe(200);
    const ready = await api.send('/readyz');
    expect([ready.status, ready.text]).toEqual([500, expect.stringContaining('[-]database failed')]);
    expect((await api.send('/healthz/database')).status).toBe(500);
    const health = await api.send('/api/v1/health', { token: undefined });
    expect([health.status, health.json()]).toMatchObject([
      503,
      { success: false, error: { code: 'ServiceUnavailable' }, data: { status: 'unhealthy' } },
    ]);
    await given.end();

    await isReady();
    const after = `after-${trouble}`;
    expect((await post(after)).status).toBe(201);
    // The watch was open all the time and has the next thing that happened, or what was found to have happened.
    for (let line = ''; !line.includes(`"${after}"`);) line = (await watch.next()) ?? 'the watch ended';
  });

  it('is waited for where that is short', async () => {
    await server.kill();
    const answers = everything('waited');
    await server.start();
    for (const { status } of await answers) expect(status).toBeLessThan(500);
  });

  it('is said once for each time, and no password', async () => {
    const said = logger.lines.filter((line) => line.includes('the database does not answer'));
    expect(said.filter((line) => line.startsWith('warn'))).not.toHaveLength(0);
    expect(logger.lines.filter((line) => line.includes('request failed'))).toEqual([]);
    const { password } = new URL(server.url);
    expect(logger.lines.filter((line) => line.includes(password))).toEqual([]);
  });
});

it('is ready without its Redis, and shows that it is away', async () => {
  await using database = await freshDatabase('mariadb');
  await using api = await testApi({ databaseURL: database.url, redisURL: 'redis://127.0.0.1:1' });
  expect((await api.send('/readyz')).status).toBe(200);
  const { status, text } = await api.send('/healthz?verbose');
  expect([status, text]).toEqual([200, expect.stringContaining('[-]redis failed')]);
  expect(text).toContain('[+]database ok');
  expect((await api.send('/healthz/redis')).status).toBe(500);
  const health = await api.send('/api/v1/health/detailed');
  expect([health.status, health.json()['data']]).toMatchObject([
    200,
    {
      status: 'degraded',
      message: 'Redis is away; replicas poll; no Executor is ready',
      components: { database: { status: 'healthy' }, redis: { status: 'unhealthy', used: true } },
    },
  ]);
  expect((await api.send('/api/v1/health/redis')).status).toBe(503);
  expect((await api.send('/healthz/database')).status).toBe(200);
});
