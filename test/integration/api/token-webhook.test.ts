import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import type { TemporaryFolder } from '#dev/environment/temporary-folder';
import { systemClock } from '#api/machinery/clock';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';
import { makeAuthority } from '../../kit/certificates.ts';
import { whoIs } from '../../kit/whoami.ts';

const HOSTS = [{ type: 'ip', value: '127.0.0.1' } as const];

interface Asked {
  apiVersion: string;
  spec: { token: string; audiences: string[] };
}

let folder: TemporaryFolder;
let service: Server;
let api: TestApi;
let kubeconfig: string;
let ahead = 0;
const asked: { body: Asked; authorization: string | undefined; path: string | undefined }[] = [];
/** By the token. */
const answers = new Map<string, { code?: number; status?: object }>();
/** Tokens whose first answers are errors that pass. */
const failing = new Map<string, number>();

beforeAll(async () => {
  folder = await temporaryFolder('token-webhook');
  const authority = await makeAuthority();
  const own = await authority.issue({ subject: 'CN=127.0.0.1', usages: ['serverAuth'], hosts: HOSTS });
  service = createServer({ cert: own.certificate, key: own.key }, (request, response) => {
    void json(request).then((body) => {
      const review = body as Asked;
      const { authorization } = request.headers;
      asked.push({ body: review, authorization, path: request.url });
      const { token } = review.spec;
      const failures = failing.get(token) ?? 0;
      failing.set(token, failures - 1);
      const { code = 200, status = { authenticated: false } } = answers.get(token) ?? {};
      response.writeHead(failures > 0 ? 500 : code, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ ...review, status }));
    });
  });
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
  kubeconfig = path.join(folder.path, 'webhook.yaml');
  const server = `https://127.0.0.1:${(service.address() as AddressInfo).port}/authenticate`;
  const ca = Buffer.from(authority.certificate).toString('base64');
  await writeFile(kubeconfig, configOf({ server, 'certificate-authority-data': ca }));
  api = await testApi({
    clock: { ...systemClock, now: () => Date.now() + ahead, after: (_ms, fn) => systemClock.after(1, fn) },
    authentication: { tokenWebhook: { configFile: kubeconfig, version: 'v1', cacheMs: 120_000 } },
  });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  service.close();
  service.closeAllConnections();
  await folder[Symbol.asyncDispose]();
});

const configOf = (cluster: object): string =>
  stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'one',
    clusters: [{ name: 'one', cluster }],
    users: [{ name: 'one', user: { token: 'ours' } }],
    contexts: [{ name: 'one', context: { cluster: 'one', user: 'one' } }],
  });

const whoami = (token: string): Promise<unknown> => whoIs(api, token);

const user = { username: 'alice', uid: '7', groups: ['staff'], extra: { team: ['red'] } };

describe('a webhook for tokens', () => {
  it('says whose they are, and is asked once in two minutes', async () => {
    answers.set('good', { status: { authenticated: true, user } });
    for (let times = 0; times < 3; times += 1)
      expect(await whoami('good')).toEqual({ ...user, groups: ['staff', 'system:authenticated'] });
    expect(await whoami('bad')).toBe(401);
    expect(await whoami('bad')).toBe(401);
    expect(asked.map(({ body }) => body.spec.token)).toEqual(['good', 'bad']);
    expect(asked[0]).toMatchObject({
      authorization: 'Bearer ours',
      path: '/authenticate',
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview' },
    });
    answers.set('good', {});
    ahead = 121_000;
    expect(await whoami('good')).toBe(401);
  });

  it.each<[string, object, unknown]>([
    ['ours', { authenticated: true, user, audiences: ['OURS'] }, { username: 'alice' }],
    ['others', { authenticated: true, user, audiences: ['somebody'] }, 401],
  ])('whose audiences are %s', async (name, status, want) => {
    const audiences = asked[0]?.body.spec.audiences ?? [];
    answers.set(name, {
      status: JSON.parse(JSON.stringify(status).replace('OURS', audiences[0] ?? '')) as object,
    });
    if (typeof want === 'number') expect(await whoami(name)).toBe(want);
    else expect(await whoami(name)).toMatchObject(want as object);
  });

  it.each<[string, { code?: number; status?: object }]>([
    ['an error', { code: 403 }],
    ['no user', { status: { authenticated: true, user: {} } }],
    ['almost a yes', { status: { authenticated: 'true', user } }],
  ])('that answers with %s lets nobody in', async (name, answer) => {
    answers.set(name, answer);
    expect(await whoami(name)).toBe(401);
  });

  it('is asked again after errors that pass, five times at most', async () => {
    answers.set('flaky', { status: { authenticated: true, user } });
    failing.set('flaky', 4);
    expect(await whoami('flaky')).toMatchObject({ username: 'alice' });
    failing.set('broken', 9);
    expect(await whoami('broken')).toBe(401);
    expect(asked.filter(({ body }) => body.spec.token === 'broken')).toHaveLength(5);
  });

  it('never gets the server’s own token', async () => {
    expect(await whoami(api.token)).toMatchObject({ username: 'troupe-admin' });
    expect(JSON.stringify(asked)).not.toContain(api.token);
  });

  it.each([
    [{ server: 'http://127.0.0.1' }, 'a server that is not https is not supported'],
    [{ server: 'https://a', 'insecure-skip-tls-verify': true }, 'insecure-skip-tls-verify is not supported'],
  ])('is not %j', async (cluster, message) => {
    const configFile = path.join(folder.path, 'wrong.yaml');
    await writeFile(configFile, configOf(cluster));
    const tokenWebhook = { configFile, version: 'v1', cacheMs: 0 } as const;
    await expect(testApi({ authentication: { tokenWebhook } })).rejects.toThrow(message);
  });
});
