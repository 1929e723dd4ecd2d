import { connect } from 'node:http2';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';
import { login, makeUser, status } from '../users/people.ts';
import { sendRaw } from './raw-request.ts';

/** Eve may do everything in the namespace `own`, and tries to reach a Secret in `other` by tricks with paths. */

const CANARY = 'canary-5d1f0c';
const ENCODED = Buffer.from(CANARY).toString('base64');
const HIDDEN = '/api/v1/namespaces/other/secrets/hidden';
const RBAC = '/apis/rbac.authorization.k8s.io/v1/namespaces/own/rolebindings';

let api: TestApi;
let eve: string;

beforeAll(async () => {
  api = await testApi();
  for (const name of ['own', 'other']) await made('/api/v1/namespaces', { metadata: { name } });
  await made('/api/v1/namespaces/other/secrets', {
    metadata: { name: 'hidden' },
    stringData: { key: CANARY },
  });
  await made('/api/v1/namespaces/own/configmaps', { metadata: { name: 'x' } });
  await makeUser(api, 'eve');
  await made(RBAC, {
    metadata: { name: 'eve' },
    roleRef: { kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'User', name: 'eve' }],
  });
  ({ access_token: eve } = await login(api, 'eve'));
});
afterAll(() => api[Symbol.asyncDispose]());

async function made(path: string, body: object): Promise<void> {
  expect(await status(api.send(path, { method: 'POST', body }))).toBe(201);
}

/** From a path that Eve may ask for, or everybody, to the one that she may not. */
const UP = [
  '..',
  '%2e%2e',
  '.%2E',
  '..;',
  '..;x=y',
  '%252e%252e',
  '%c0%ae%c0%ae',
  '..%00',
  '..%20',
  '%2e%2e%2f..',
];
const SLASHES = ['/', '%2f', '%2F', '%252f', '//', '\\', '%5c', '/./', ';/', '%ef%bc%8f'];
const STARTS = [
  '/api/v1/namespaces/own/configmaps/x',
  '/api/v1/namespaces/own/secrets',
  '/api/v1/namespaces/own',
  '/livez',
  '/version',
  '/api/auth/login',
  '/api/users/me',
  '/api/v1/health',
  '/.well-known/openid-configuration',
];

function climbed(start: string, up: string, slash: string): string {
  const levels = start.split('/').length - 1;
  return `${start}${`${slash}${up}`.repeat(levels)}${HIDDEN.replaceAll('/', slash)}`;
}

const TRICKS: readonly string[] = [
  ...STARTS.flatMap((start) => UP.flatMap((up) => SLASHES.map((slash) => climbed(start, up, slash)))),
  '/api/v1/namespaces/own%2F..%2Fother/secrets/hidden',
  '/api/v1/namespaces/own;namespace=other/secrets/hidden',
  '/api/v1/namespaces/own,other/secrets/hidden',
  '/api/v1/namespaces/own%00other/secrets/hidden',
  '/api/v1/namespaces/own/secrets/..%2F..%2Fother%2Fsecrets%2Fhidden',
  '/api/v1/namespaces/own/secrets/other%2Fhidden',
  '/api/v1/namespaces/own/secrets?namespace=other',
  '/api/v1/namespaces/own/secrets?fieldSelector=metadata.namespace%3Dother',
  '/api/v1/namespaces/own/secrets?fieldSelector=metadata.namespace!%3Down',
  '/api/v1/namespaces/own/secrets?continue=eyJyZXNvdXJjZSI6InNlY3JldHMiLCJuYW1lc3BhY2UiOiJvdGhlciJ9',
  '/api/v1/namespaces/own/secrets#/../../other/secrets/hidden',
  '/api/v1/namespaces//secrets/hidden',
  '/api/v1/namespaces//secrets',
  '/api/v1/namespaces/%2a/secrets',
  '/api/v1/namespaces/*/secrets/hidden',
  '/api/v1/watch/namespaces/other/secrets/hidden',
  '/api/v1/watch/secrets',
  '/api/v1/secrets',
  '/api/v1/secrets?watch=1',
  '/api/v1/secrets/hidden',
  '/api/v1/namespaces/other/secrets/hidden/',
  '/api/v1/namespaces/other/secrets/hidden//',
  '/api/v1/namespaces/other/secrets/hidden/.',
  '/api/v1/namespaces/other/secrets/hidden;x',
  '/api/v1/namespaces/other/secrets/hidden%20',
  '/api/v1/namespaces/other/secrets/hidden%00',
  '/api/v1/namespaces/other/secrets/hid%64en',
  '/api/v1/namespaces/other/secret%73/hidden',
  '/api/v1/namespaces/othe%72/secrets/hidden',
  '/api/v1/names%70aces/other/secrets/hidden',
  '/%61pi/v1/namespaces/other/secrets/hidden',
  '/api/v1/namespaces/%6fther/secrets/hidden',
  '/api/v1/namespaces/other/secrets/hidden/status',
  '/api/v1/namespaces/OTHER/secrets/hidden',
  '/api/v1/Namespaces/other/secrets/hidden',
  '/api/v1/namespaces/other/Secrets/hidden',
  '/API/V1/namespaces/other/secrets/hidden',
  '//api/v1/namespaces/other/secrets/hidden',
  '/api//v1/namespaces/other/secrets/hidden',
  '/./api/v1/namespaces/other/secrets/hidden',
  '/apis/v1/namespaces/other/secrets/hidden',
  '/apis//v1/namespaces/other/secrets/hidden',
  '/apis/core/v1/namespaces/other/secrets/hidden',
  '/api/v2/namespaces/other/secrets/hidden',
  '/api/auth/../v1/namespaces/other/secrets/hidden',
  '/api/users/../v1/namespaces/other/secrets/hidden',
  '/api/v1/proxy/namespaces/other/secrets/hidden',
  '/api/v1/redirect/namespaces/other/secrets/hidden',
  '/api/v1/admin/../namespaces/other/secrets/hidden',
  '/api/v1/namespaces/own/apply/../../other/secrets/hidden',
  '/api/v1/namespaces/own/ghosts/..%2f..%2fother%2fsecrets%2fhidden',
  'api/v1/namespaces/other/secrets/hidden',
  'https://localhost/api/v1/namespaces/other/secrets/hidden',
  'https://localhost/livez/../api/v1/namespaces/other/secrets/hidden',
  'http://evil.example//api/v1/namespaces/other/secrets/hidden',
  '*',
  '?/api/v1/namespaces/other/secrets/hidden',
];

const isLeak = (text: string): boolean => text.includes(CANARY) || text.includes(ENCODED);

/** Faults, and answers that hold something of the namespace `other`. */
async function leaks(target: string, token: string | undefined): Promise<string[]> {
  const { status: code, text } = await sendRaw(api, { target, token });
  const isFault = code >= 500;
  return isLeak(text) || isFault ? [`${code} ${target}`] : [];
}

describe('a path', () => {
  it('shows the Secret to those who may, and to nobody else', async () => {
    expect((await sendRaw(api, { target: HIDDEN, token: api.token })).text).toContain(ENCODED);
    expect(await sendRaw(api, { target: HIDDEN, token: eve })).toMatchObject({ status: 403 });
    expect(await sendRaw(api, { target: HIDDEN })).toMatchObject({ status: 401 });
    const own = '/api/v1/namespaces/own/configmaps/x';
    expect(await sendRaw(api, { target: own, token: eve })).toMatchObject({ status: 200 });
  });

  it.each([
    ['who may do everything in another namespace', () => eve],
    ['who is nobody', () => undefined],
  ])('by no trick shows it to one %s', async (_who, token) => {
    const found: string[] = [];
    // A few at a time: each has a connection of its own.
    for (let at = 0; at < TRICKS.length; at += 20) {
      const batch = TRICKS.slice(at, at + 20).map((target) => leaks(target, token()));
      found.push(...(await Promise.all(batch)).flat());
    }
    expect(found).toEqual([]);
  });

  it('by no trick shows it over HTTP/2, whose paths are no lines', async () => {
    const session = connect(api.url, { ca: api.caCertificate });
    onTestFinished(() => session.destroy());
    const found: string[] = [];
    for (const target of TRICKS) {
      const stream = session.request({ ':path': target, authorization: `Bearer ${eve}` });
      let text = '';
      stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      stream.on('error', () => undefined);
      await new Promise((resolve) => stream.once('close', resolve));
      if (isLeak(text)) found.push(target);
    }
    expect(found).toEqual([]);
  });

  it('by no mixture of tricks shows it', async () => {
    const piece = fc.constantFrom(
      ...UP,
      ...SLASHES,
      'api',
      'v1',
      'namespaces',
      'own',
      'other',
      'secrets',
      'hidden',
    );
    const path = fc.tuple(fc.constantFrom('', ...STARTS), fc.array(piece, { maxLength: 14 }));
    const target = path.map(([start, pieces]) => `${start}/${pieces.join('/')}${HIDDEN}`);
    await fc.assert(
      fc.asyncProperty(fc.array(target, { minLength: 20, maxLength: 20 }), async (targets) => {
        const found = await Promise.all(targets.map((one) => leaks(one, eve)));
        expect(found.flat()).toEqual([]);
      }),
      { numRuns: 25, seed: 20_261_130 },
    );
  });
});

describe('the namespace of a path', () => {
  const other = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'planted', namespace: 'other' } };
  const CONFIG_MAPS = '/api/v1/namespaces/own/configmaps';
  const ghost = {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Ghost',
    metadata: { name: 'planted', namespace: 'other' },
    spec: { systemPrompt: 'p' },
  };

  it.each<[string, string, 'PATCH' | 'POST' | 'PUT', object, string, number]>([
    ['create', CONFIG_MAPS, 'POST', other, 'application/json', 400],
    [
      'update',
      `${CONFIG_MAPS}/x`,
      'PUT',
      { ...other, metadata: { ...other.metadata, name: 'x' } },
      'application/json',
      400,
    ],
    [
      'update under another name',
      `${CONFIG_MAPS}/x`,
      'PUT',
      { ...other, metadata: { name: 'planted' } },
      'application/json',
      400,
    ],
    ['apply', `${CONFIG_MAPS}/planted?fieldManager=m`, 'PATCH', other, 'application/apply-patch+yaml', 400],
    [
      'patch',
      `${CONFIG_MAPS}/x`,
      'PATCH',
      { metadata: { namespace: 'other' } },
      'application/merge-patch+json',
      400,
    ],
    [
      'JSON patch',
      `${CONFIG_MAPS}/x`,
      'PATCH',
      [{ op: 'replace', path: '/metadata/namespace', value: 'other' }],
      'application/json-patch+json',
      400,
    ],
    [
      'another kind',
      CONFIG_MAPS,
      'POST',
      { ...other, kind: 'Secret', metadata: { name: 'planted' } },
      'application/json',
      400,
    ],
    [
      'a review elsewhere',
      '/apis/authorization.k8s.io/v1/namespaces/own/localsubjectaccessreviews',
      'POST',
      { spec: { user: 'x', resourceAttributes: { namespace: 'other', verb: 'get', resource: 'secrets' } } },
      'application/json',
      422,
    ],
  ])('is not that of the body: %s', async (_what, path, method, body, type, code) => {
    const headers = { 'content-type': type };
    const answer = await api.send(path, { method, body, headers, token: eve });
    expect(answer.status, answer.text).toBe(code);
  });

  it('counts in a batch whatever a manifest says, and what the namespace forbids', async () => {
    const apply = (namespace: string) =>
      api.send(`/api/v1/namespaces/${namespace}/apply`, { method: 'POST', body: [ghost], token: eve });
    expect((await apply('own')).json()).toMatchObject({ results: [{ namespace: 'own', success: true }] });
    expect((await apply('other')).json()).toMatchObject({ success: false });
    expect((await apply('own%2F..%2Fother')).json()).toMatchObject({ success: false });
  });

  it('is the only one that anything was written to', async () => {
    for (const plural of ['configmaps', 'secrets']) {
      const { items } = (await api.send(`/api/v1/namespaces/other/${plural}`)).json() as unknown as {
        items: { metadata: { name: string } }[];
      };
      expect(items.map(({ metadata }) => metadata.name)).toEqual(plural === 'secrets' ? ['hidden'] : []);
    }
    const ghosts = await api.send('/apis/agent.wecode.io/v1/namespaces/other/ghosts');
    expect(ghosts.json()).toMatchObject({ items: [] });
  });
});
