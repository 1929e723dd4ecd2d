import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STANDARD_HEADERS } from '#api/authentication/front-proxy';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import type { TemporaryFolder } from '#dev/environment/temporary-folder';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';
import { makeAuthority } from '../../kit/certificates.ts';
import { login, makeUser } from '../users/people.ts';
import { sendRaw } from './raw-request.ts';

/** Eve, who has a token and no rights, says by headers that she is somebody else; a proxy would be believed. */

let api: TestApi;
let folder: TemporaryFolder;
let eve: string;

beforeAll(async () => {
  folder = await temporaryFolder('headers');
  const clientCAFile = path.join(folder.path, 'proxies.pem');
  await writeFile(clientCAFile, (await makeAuthority('CN=proxies')).certificate);
  api = await testApi({
    authentication: { frontProxy: { clientCAFile, allowedNames: [], headers: STANDARD_HEADERS } },
  });
  await makeUser(api, 'eve');
  ({ access_token: eve } = await login(api, 'eve'));
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

interface Seen {
  status: number;
  /** As whom the request counts; undefined where it was refused. */
  name: string | undefined;
  groups: readonly string[];
}

const seen = (headers: readonly string[]): Promise<Seen> => seenWith(headers, eve);

async function seenWith(headers: readonly string[], token?: string): Promise<Seen> {
  const body = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' });
  const { status, text } = await sendRaw(api, {
    target: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    method: 'POST',
    headers: ['Content-Type', 'application/json', ...headers],
    body,
    token,
  });
  const groups = [...(/"groups":\[([^\]]*)\]/.exec(text)?.[1] ?? '').matchAll(/"([^"]*)"/g)];
  return { status, name: /"username":"([^"]*)"/.exec(text)?.[1], groups: groups.map(([, one]) => one ?? '') };
}

const EVE = { status: 201, name: 'eve', groups: ['troupe:users', 'system:authenticated'] };
const MASTERS = ['X-Remote-Group', 'system:masters'];

describe('headers of a front proxy, from somebody who is not one', () => {
  it.each<[string, readonly string[]]>([
    ['as they are', ['X-Remote-User', 'troupe-admin', ...MASTERS]],
    ['in odd cases', ['x-ReMoTe-uSeR', 'troupe-admin', 'X-REMOTE-GROUP', 'system:masters']],
    ['twice', ['X-Remote-User', 'eve', 'X-Remote-User', 'troupe-admin', ...MASTERS]],
    [
      'named as hop by hop',
      ['Connection', 'close, X-Remote-User', 'X-Remote-User', 'troupe-admin', ...MASTERS],
    ],
    ['with underscores', ['X_Remote_User', 'troupe-admin', 'X_Remote_Group', 'system:masters']],
    [
      'with the extra of a session',
      ['X-Remote-User', 'alice', 'X-Remote-Extra-Agent.wecode.io%2fsession', 's'],
    ],
    [
      'of other proxies',
      ['X-Forwarded-User', 'troupe-admin', 'X-Auth-Request-User', 'a', 'Remote-User', 'a'],
    ],
    ['of a certificate', ['X-Client-Cert', 'x', 'X-SSL-Client-S-DN', 'CN=troupe-admin,O=system:masters']],
    ['of a user of this server', ['X-Remote-Uid', '1', 'X-Remote-User', 'troupe-admin']],
  ])('say nothing: %s', async (_what, headers) => {
    expect(await seen(headers)).toEqual(EVE);
    expect(await seenWith(headers), 'without a token').toMatchObject({ status: 401, name: undefined });
  });
});

describe('headers of impersonation, from somebody who may not', () => {
  it.each<[string, readonly string[]]>([
    ['a user', ['Impersonate-User', 'troupe-admin']],
    ['in odd cases', ['iMPERSONATE-uSER', 'troupe-admin']],
    ['herself, with a group', ['Impersonate-User', 'eve', 'Impersonate-Group', 'system:masters']],
    ['a group alone', ['Impersonate-Group', 'system:masters']],
    ['a uid alone', ['Impersonate-Uid', '1']],
    ['an extra alone', ['Impersonate-Extra-Scopes', 'all']],
    ['twice', ['Impersonate-User', 'eve', 'Impersonate-User', 'troupe-admin']],
    ['hop by hop', ['Connection', 'close, Impersonate-User', 'Impersonate-User', 'troupe-admin']],
    ['percent-encoded', ['Impersonate-User', 'troupe%2Dadmin']],
    ['a ServiceAccount', ['Impersonate-User', 'system:serviceaccount:kube-system:troupe-controllers']],
    ['an executor manager', ['Impersonate-User', 'system:serviceaccount:troupe-executors:any']],
    ['the server itself', ['Impersonate-User', 'system:apiserver']],
    [
      'the extra of a session',
      ['Impersonate-User', 'eve', 'Impersonate-Extra-agent.wecode.io%2fsession', 's'],
    ],
  ])('are refused, and never left out: %s', async (_what, headers) => {
    const { status, name } = await seen(headers);
    expect([400, 403]).toContain(status);
    expect(name).toBeUndefined();
  });

  it.each([
    ['with an underscore', ['Impersonate_User', 'troupe-admin']],
    ['below another name', ['X-Impersonate-User', 'troupe-admin']],
    ['nobody, and then somebody', ['Impersonate-User', '', 'Impersonate-User', 'troupe-admin']],
    ['a name that is not known', ['Impersonate-Everything', 'yes']],
  ])('mean nothing: %s', async (_what, headers) => {
    expect(await seen(headers)).toEqual(EVE);
  });
});

describe('credentials that contradict each other', () => {
  const admin = (): string => `Bearer ${api.token}`;

  it('are refused, or count as the first: a second line is no second try', async () => {
    const bad = ['Authorization', 'Bearer bad'];
    expect((await seenWith([...bad, 'Authorization', admin()])).name, 'a bad one first').toBeUndefined();
    const { name } = await seenWith(['Authorization', `Bearer ${eve}`, 'Authorization', admin()]);
    expect([undefined, 'eve']).toContain(name);
  });

  it.each<[string, () => readonly string[]]>([
    ['a list in one line', () => ['Authorization', `Bearer ${eve}, ${admin()}`]],
    ['two in one line', () => ['Authorization', `Bearer ${eve} ${api.token}`]],
    [
      'of another scheme',
      () => ['Authorization', `Basic ${Buffer.from(`a:${api.token}`).toString('base64')}`],
    ],
    ['below another name', () => ['X-Authorization', admin(), 'Proxy-Authorization', admin()]],
    ['in a cookie', () => ['Cookie', `token=${api.token}; Authorization=${admin()}`]],
    ['in a header for API keys', () => ['X-API-Key', api.token]],
  ])('are nobody’s: %s', async (_what, headers) => {
    expect(await seenWith(headers())).toMatchObject({ status: 401, name: undefined });
  });

  it('do not come by the query', async () => {
    const target = `/api/v1/namespaces?access_token=${api.token}&token=${api.token}&as=troupe-admin`;
    expect(await sendRaw(api, { target })).toMatchObject({ status: 401 });
    expect(await sendRaw(api, { target, token: eve })).toMatchObject({ status: 403 });
  });
});

describe('a request that ends where others think it goes on', () => {
  const inner = 'GET /api/v1/secrets HTTP/1.1\r\nHost: x\r\n\r\n';
  it.each<[string, readonly string[], string]>([
    ['two lengths', ['Content-Length', '2', 'Content-Length', '50'], `{}${inner}`],
    ['a length and chunks', ['Content-Length', '4', 'Transfer-Encoding', 'chunked'], `0\r\n\r\n${inner}`],
    ['odd chunks', ['Transfer-Encoding', 'xchunked'], `0\r\n\r\n${inner}`],
    ['chunks twice', ['Transfer-Encoding', 'chunked, identity'], `0\r\n\r\n${inner}`],
    ['a length with a sign', ['Content-Length', '+2'], `{}${inner}`],
    ['a folded header', ['X-A', 'b\r\n Authorization: Bearer x'], ''],
    ['a space before the colon', ['Content-Length ', '2'], `{}${inner}`],
  ])('is refused as a whole: %s', async (_what, headers, body) => {
    const { status, text } = await sendRaw(api, {
      target: '/api/v1/namespaces/default/configmaps',
      method: 'POST',
      headers,
      // Its length is one of the tricks.
      body: '',
      token: eve,
    }).then(async (first) => (body === '' ? first : sendSmuggled(headers, body)));
    expect([400, 403, 501], text).toContain(status);
    expect(text.match(/HTTP\/1\.1 /g), 'one answer').toHaveLength(1);
  });

  /** The body follows as it is, whatever the headers say. */
  const sendSmuggled = (headers: readonly string[], body: string) =>
    sendRaw(api, {
      target: '/api/v1/namespaces/default/configmaps',
      method: 'POST',
      headers: [...headers, 'X-End', `1\r\n\r\n${body}`],
      token: eve,
    });
});
