import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiRequest, TestApi } from '../../kit/api.ts';
import type { CommandResult } from '../../kit/command.ts';
import { kubectlApi } from '../../kit/kubectl-api.ts';
import type { KubectlApi } from '../../kit/kubectl-api.ts';
import { WHOAMI } from '../../kit/whoami.ts';

let server: KubectlApi;
let api: TestApi;

beforeAll(async () => {
  server = await kubectlApi();
  ({ api } = server);
});
afterAll(() => server[Symbol.asyncDispose]());

const kubectl = (args: string[], stdin?: string): Promise<CommandResult> =>
  server.kubectl(args, stdin === undefined ? {} : { stdin });

const CAN_I = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
const question = (spec: object): string =>
  JSON.stringify({ apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec });
const MAY_CREATE = { resourceAttributes: { verb: 'create', group: 'agent.wecode.io', resource: 'tasks' } };

describe('kubectl', () => {
  it('auth whoami', async () => {
    const { stdout } = await kubectl(['auth', 'whoami', '-o', 'json']);
    expect(JSON.parse(stdout)).toMatchObject({
      kind: 'SelfSubjectReview',
      status: { userInfo: { username: 'troupe-admin', groups: ['system:masters', 'system:authenticated'] } },
    });
    expect((await kubectl(['auth', 'whoami'])).stdout).toMatch(/^Username +troupe-admin$/m);
  });

  it.each([
    [['create', 'tasks'], 'a kind of ours'],
    [['delete', 'tasks/one', '-n', 'default'], 'one object'],
    [['get', 'tasks', '--subresource=log', '--all-namespaces'], 'a subresource'],
    [['*', '*'], 'everything'],
    [['get', '/metrics'], 'another path'],
  ])('auth can-i %j', async (args, reason) => {
    expect(await kubectl(['auth', 'can-i', ...args]), reason).toMatchObject({ code: 0, stdout: 'yes\n' });
  });

  it('create -f, as a dry run too, and without fields that nobody knows', async () => {
    const asked = await kubectl(['create', '-f', '-', '-o', 'yaml'], question(MAY_CREATE));
    expect(asked.stdout).toContain('status:\n  allowed: true\n');
    const dry = await kubectl(['create', '--dry-run=server', '-f', '-', '-o', 'yaml'], question(MAY_CREATE));
    expect(dry.stdout).toBe(asked.stdout);
    const wrong = await kubectl(['create', '-f', '-'], question({ ...MAY_CREATE, user: 'root' }));
    expect(wrong.stderr).toContain('unknown field "user"');
  });

  it('api-resources and explain show what can be asked', async () => {
    const listed = await kubectl([
      'api-resources',
      '--api-group=authorization.k8s.io',
      '-o',
      'wide',
      '--no-headers',
    ]);
    const [, selfReview = ''] = listed.stdout.trim().split('\n');
    expect(selfReview.trim().split(/ +/)).toEqual([
      'selfsubjectaccessreviews',
      'authorization.k8s.io/v1',
      'false',
      'SelfSubjectAccessReview',
      'create',
    ]);
    const explained = await kubectl(['explain', 'selfsubjectaccessreviews.spec.nonResourceAttributes']);
    expect(explained.stdout).toMatch(/path\s+<string>/);
    expect((await kubectl(['get', 'selfsubjectreviews.authentication.k8s.io'])).stderr).toContain(
      '(MethodNotAllowed)',
    );
  });
});

describe('a kind without storage', () => {
  it('is shown by discovery as kube-apiserver shows it', async () => {
    const { resources } = (await api.send('/apis/authentication.k8s.io/v1')).json();
    expect(resources).toContainEqual({
      name: 'selfsubjectreviews',
      singularName: 'selfsubjectreview',
      namespaced: false,
      kind: 'SelfSubjectReview',
      verbs: ['create'],
    });
    const document = (await api.send('/openapi/v3/apis/authorization.k8s.io/v1')).json();
    const { paths, components } = document as unknown as {
      paths: Record<string, Record<string, { operationId: string }>>;
      components: { schemas: object };
    };
    expect(Object.keys(paths)).toEqual([
      '/apis/authorization.k8s.io/v1/',
      '/apis/authorization.k8s.io/v1/namespaces/{namespace}/localsubjectaccessreviews',
      CAN_I,
      '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
      '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    ]);
    expect(Object.keys(paths[CAN_I] ?? {})).toEqual(['post', 'parameters']);
    expect(paths[CAN_I]?.['post']?.operationId).toBe('createAuthorizationV1SelfSubjectAccessReview');
    const schemas = Object.keys(components.schemas).filter((name) => name.startsWith('io.k8s.api.'));
    expect(schemas).toContain('io.k8s.api.authorization.v1.SelfSubjectAccessReview');
  });

  it.each<[string, ApiRequest, number, string]>([
    [CAN_I, { method: 'GET' }, 405, 'the server does not allow this method on the requested resource'],
    [`${CAN_I}?watch=1`, { method: 'GET' }, 405, 'does not allow this method'],
    [CAN_I, { method: 'DELETE' }, 405, 'does not allow this method'],
    [`${CAN_I}/x`, { method: 'GET' }, 404, 'could not find the requested resource'],
    [CAN_I, { method: 'POST', body: {} }, 422, 'exactly one of nonResourceAttributes'],
    [CAN_I, { method: 'POST', body: {}, token: undefined }, 401, 'Unauthorized'],
    [WHOAMI, { method: 'POST', body: {}, token: 'wrong' }, 401, 'Unauthorized'],
  ])('%s %j is answered with %s', async (path, request, status, message) => {
    const answer = await api.send(path, request);
    expect([answer.status, answer.json()]).toEqual([
      status,
      expect.objectContaining({ kind: 'Status', message: expect.stringContaining(message) }),
    ]);
  });

  it.each<[Record<string, string>, string, string]>([
    [{ accept: 'application/yaml' }, '{}', 'username: troupe-admin'],
    [{ accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }, '{}', '"kind":"Table"'],
    [{ 'content-type': 'application/yaml' }, 'kind: SelfSubjectReview', '"username":"troupe-admin"'],
    [
      { 'content-type': 'application/vnd.kubernetes.protobuf' },
      protobuf('authentication.k8s.io/v1', 'SelfSubjectReview'),
      '"username":"troupe-admin"',
    ],
  ])('speaks what its client speaks: %j', async (headers, body, text) => {
    const answer = await api.send(WHOAMI, { method: 'POST', headers, body });
    expect([answer.status, answer.text]).toEqual([201, expect.stringContaining(text)]);
  });

  it('stores nothing', async () => {
    const revision = async (): Promise<unknown> =>
      ((await api.send('/api/v1/namespaces')).json()['metadata'] as unknown as { resourceVersion: string })
        .resourceVersion;
    const before = await revision();
    expect((await api.send(WHOAMI, { method: 'POST', body: {} })).status).toBe(201);
    expect(await revision()).toBe(before);
  });
});

/** An object with nothing in it: `k8s\0` and runtime.Unknown {1: TypeMeta}. */
function protobuf(apiVersion: string, kind: string): string {
  const field = (number: number, value: string): string =>
    String.fromCharCode(number * 8 + 2, value.length) + value;
  return `k8s\0${field(1, field(1, apiVersion) + field(2, kind))}`;
}
