import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { serve } from '@hono/node-server';
import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createUnionAuthorizer } from '../../machinery/users/authorizer.ts';
import type { Attributes, Authorizer } from '../../machinery/users/authorizer.ts';
import { ANONYMOUS, AUTHENTICATED_GROUP, MASTERS_GROUP } from '../../machinery/users/user.ts';
import type { User } from '../../machinery/users/user.ts';
import { parseResourcePath } from '../request/resource-path.ts';
import { createAccess } from './access.ts';
import { createUnionAuthenticator } from '../../authentication/authenticator.ts';
import { createRbacAuthorizer } from '../../authorization/rbac/rbac-authorizer.ts';
import { RbacPolicy } from '../../authorization/rbac/rbac-policy.ts';
import { BOOTSTRAP_POLICY } from '../../registry/bootstrap-policy/bootstrap-policy.ts';
import { newBinding, newRole } from '../../registry/bootstrap-policy/reconciled.ts';
import { mastersMayDoEverything } from '../../authorization/authorizers.ts';
import {
  createBearerAuthenticator,
  createWebSocketProtocolAuthenticator,
} from '../../authentication/bearer-token.ts';
import { refusal } from './refusal.ts';
import { requestAttributes } from './request-attributes.ts';
import { requestHead } from './request-head.ts';
import { createStaticToken } from '../../authentication/static-token.ts';

const alice: User = { name: 'alice', groups: [] };
const owner: User = { name: 'owner', groups: [MASTERS_GROUP] };

const tokensOf = (user: User) => createStaticToken({ token: 'secret', user });
const headersOf = (headers: Record<string, string>) => requestHead({ headers });

function attributesOf(method: string, url: string): Attributes {
  const head = requestHead({ method, url, headers: {} });
  return requestAttributes(head, parseResourcePath(head.path));
}

describe('a bearer token', () => {
  const authenticator = createBearerAuthenticator(tokensOf(alice));

  it.each([
    ['Bearer secret', alice, 'the token'],
    ['bearer  secret ', alice, 'the scheme has no case'],
    ['', undefined, 'an empty header shows no credentials'],
    ['Basic secret', undefined, 'another scheme is left to others'],
    ['secret', undefined, 'no scheme'],
  ])('%s', async (authorization, want, reason) => {
    expect(await authenticator.authenticate(headersOf({ authorization })), reason).toEqual(want);
    expect(await authenticator.authenticate(headersOf({}))).toBeUndefined();
  });

  it.each([['Bearer wrong'], ['Bearer'], ['Bearer secret extra']])('refuses %s', async (authorization) => {
    const refused = authenticator.authenticate(headersOf({ authorization }));
    await expect(refused).rejects.toMatchObject({ code: 401 });
  });
});

describe('a token in a subprotocol of a WebSocket', () => {
  const authenticator = createWebSocketProtocolAuthenticator(tokensOf(alice));
  const encoded = (token: string): string =>
    `base64url.bearer.authorization.k8s.io.${Buffer.from(token).toString('base64url')}`;
  const upgrade = (protocols: string): Record<string, string> => ({
    connection: 'keep-alive, Upgrade',
    upgrade: 'websocket',
    'sec-websocket-protocol': protocols,
  });

  it.each<[Record<string, string>, User | undefined, string]>([
    [upgrade(`${encoded('secret')}, v1.troupe`), alice, 'the token beside a protocol'],
    [upgrade(`v1.troupe,${encoded('secret')}`), alice, 'in any order'],
    [upgrade('v1.troupe'), undefined, 'no token'],
    [{ 'sec-websocket-protocol': `${encoded('secret')}, v1` }, undefined, 'no upgrade'],
  ])('%#', async (headers, want, reason) => {
    expect(await authenticator.authenticate(headersOf(headers)), reason).toEqual(want);
  });

  it.each([
    [encoded('secret'), 'nothing is left that the server could choose'],
    [`${encoded('wrong')}, v1`, 'a wrong token'],
    [`${encoded('secret')}, ${encoded('secret')}, v1`, 'two tokens'],
    ['base64url.bearer.authorization.k8s.io., v1', 'an empty token'],
    ['base64url.bearer.authorization.k8s.io.c2Vj=, v1', 'padding'],
    ['base64url.bearer.authorization.k8s.io._w, v1', 'not UTF-8'],
  ])('refuses %s', async (protocols, reason) => {
    const refused = authenticator.authenticate(headersOf(upgrade(protocols)));
    await expect(refused, reason).rejects.toMatchObject({ code: 401 });
  });
});

it('takes the first way to log in that knows the user, whatever the others say', async () => {
  const wrong = createBearerAuthenticator({ authenticateToken: () => Promise.resolve(undefined) });
  const right = createBearerAuthenticator(tokensOf(alice));
  const credentials = headersOf({ authorization: 'Bearer secret' });
  const authenticate = (...ways: (typeof right)[]) =>
    createUnionAuthenticator(ways).authenticate(credentials);
  expect(await authenticate(wrong, right)).toEqual(alice);
  await expect(authenticate(wrong, wrong)).rejects.toMatchObject({ code: 401 });
  expect(await authenticate()).toBeUndefined();
});

describe('what a request is about', () => {
  const tasks = { group: 'agent.wecode.io', version: 'v1', plural: 'tasks', subresource: '' };
  const TASKS = '/apis/agent.wecode.io/v1';
  it.each<[string, string, string, Partial<Attributes['resource']> | undefined]>([
    ['GET', `${TASKS}/namespaces/a/tasks/t`, 'get', { ...tasks, namespace: 'a', name: 't' }],
    ['HEAD', `${TASKS}/namespaces/a/tasks/t`, 'get', { ...tasks, namespace: 'a', name: 't' }],
    ['GET', `${TASKS}/namespaces/a/tasks`, 'list', { ...tasks, namespace: 'a', name: '' }],
    ['GET', `${TASKS}/tasks?watch=true`, 'watch', { ...tasks, namespace: '', name: '' }],
    ['GET', `${TASKS}/tasks?watch=0`, 'list', { ...tasks, namespace: '', name: '' }],
    ['GET', `${TASKS}/tasks/?watch`, 'watch', { ...tasks, namespace: '', name: '' }],
    ['GET', `${TASKS}/watch/tasks`, 'watch', { ...tasks, namespace: '', name: '' }],
    ['GET', `${TASKS}/watch/namespaces/a/tasks/t`, 'watch', { ...tasks, namespace: 'a', name: 't' }],
    ['GET', `${TASKS}/namespaces/a/tasks/t?watch=1`, 'get', { ...tasks, namespace: 'a', name: 't' }],
    ['POST', `${TASKS}/namespaces/a/tasks`, 'create', { ...tasks, namespace: 'a', name: '' }],
    ['PUT', `${TASKS}/namespaces/a/tasks/t`, 'update', { ...tasks, namespace: 'a', name: 't' }],
    ['DELETE', `${TASKS}/namespaces/a/tasks`, 'deletecollection', { ...tasks, namespace: 'a', name: '' }],
    ['DELETE', `${TASKS}/namespaces/a/tasks/x%2Fy`, 'delete', { ...tasks, namespace: 'a', name: 'x/y' }],
    ['OPTIONS', `${TASKS}/namespaces/a/tasks/t`, '', { ...tasks, namespace: 'a', name: 't' }],
    [
      'PATCH',
      `${TASKS}/namespaces/a/tasks/t/status`,
      'patch',
      { ...tasks, subresource: 'status', namespace: 'a', name: 't' },
    ],
    [
      'GET',
      `${TASKS}/namespaces/a/tasks?fieldSelector=metadata.name%3Dt&labelSelector=x`,
      'list',
      {
        ...tasks,
        namespace: 'a',
        name: 't',
        fieldSelector: 'metadata.name=t',
        labelSelector: 'x',
      },
    ],
    [
      'GET',
      `${TASKS}/tasks?watch=1&fieldSelector=metadata.name%3D..`,
      'watch',
      { ...tasks, namespace: '', name: '', fieldSelector: 'metadata.name=..' },
    ],
    [
      'DELETE',
      `${TASKS}/namespaces/a/tasks?fieldSelector=metadata.name%3Dt`,
      'deletecollection',
      { ...tasks, namespace: 'a', name: '', fieldSelector: 'metadata.name=t' },
    ],
    [
      'GET',
      `${TASKS}/tasks?fieldSelector=metadata.name%3D%3D%3D`,
      'list',
      { ...tasks, namespace: '', name: '', fieldSelector: 'metadata.name===' },
    ],
    [
      'GET',
      '/api/v1/namespaces/a',
      'get',
      { group: '', version: 'v1', plural: 'namespaces', subresource: '', namespace: 'a', name: 'a' },
    ],
    [
      'PUT',
      '/api/v1/namespaces/a/finalize',
      'update',
      { group: '', version: 'v1', plural: 'namespaces', subresource: 'finalize', namespace: 'a', name: 'a' },
    ],
    ['GET', TASKS, 'get', undefined],
    ['POST', '/admin/encryption/rotate?root=true', 'post', undefined],
    ['HEAD', '/version', 'head', undefined],
  ])('%s %s', (method, url, verb, resource) => {
    const { path } = requestHead({ url, headers: {} });
    expect(attributesOf(method, url)).toEqual({ verb, path, resource });
  });
});

describe('who may do what', () => {
  const policy = new RbacPolicy();
  for (const role of BOOTSTRAP_POLICY.roles) {
    policy.setRole({ namespace: '', name: role.name }, newRole(role, BOOTSTRAP_POLICY.roles).rules ?? []);
  }
  for (const binding of BOOTSTRAP_POLICY.bindings) {
    const { roleRef, subjects = [] } = newBinding(binding);
    policy.setBinding({ namespace: '', name: binding.name, roleRef, subjects });
  }
  const rbac = createRbacAuthorizer({ policy, renew: () => Promise.resolve(false) });
  const authorizer = createUnionAuthorizer([
    { name: 'masters', authorizer: mastersMayDoEverything },
    { name: 'rbac', authorizer: rbac },
  ]);

  it.each([
    ['GET', '/version', true],
    ['GET', '/version/', true],
    ['HEAD', '/livez', true],
    ['GET', '/readyz/storage', true],
    ['POST', '/readyz', false],
    ['GET', '/metrics', false],
    ['GET', '/admin/backup', false],
    ['GET', '/admin/deleted-tasks/u/log', false],
    ['POST', '/admin/encryption/rotate', false],
    ['GET', '/api/v1/namespaces', false],
  ])('%s %s is for everybody: %s', async (method, url, allowed) => {
    for (const user of [ANONYMOUS, { ...alice, groups: [AUTHENTICATED_GROUP] }]) {
      const { verdict } = await authorizer.authorize(user, attributesOf(method, url));
      expect(verdict).toBe(allowed ? 'allow' : 'no opinion');
    }
    expect((await authorizer.authorize(owner, attributesOf(method, url))).verdict).toBe('allow');
  });

  it.each([
    [
      'DELETE',
      '/apis/agent.wecode.io/v1/namespaces/default/tasks/zz',
      'tasks.agent.wecode.io "zz" is forbidden: User "alice" cannot delete resource "tasks" in API group "agent.wecode.io" in the namespace "default"',
    ],
    [
      'GET',
      '/api/v1/namespaces',
      'namespaces is forbidden: User "alice" cannot list resource "namespaces" in API group "" at the cluster scope',
    ],
    [
      'PUT',
      '/api/v1/namespaces/a/status',
      'namespaces "a" is forbidden: User "alice" cannot update resource "namespaces/status" in API group "" in the namespace "a"',
    ],
    ['GET', '/a<b', 'forbidden: User "alice" cannot get path "/a&lt;b"'],
    ['GET', '/metrics', 'forbidden: User "alice" cannot get path "/metrics"'],
  ])('says what was refused: %s %s', (method, url, message) => {
    expect(refusal(alice, attributesOf(method, url))).toMatchObject({ code: 403, message });
  });
});

describe('one judgement', () => {
  const authorizer: Authorizer = {
    authorize: (user, { verb }) =>
      Promise.resolve({ verdict: user === alice && verb === 'get' ? 'allow' : 'deny', reason: 'a rule' }),
  };
  const access = createAccess({ authenticator: createBearerAuthenticator(tokensOf(alice)), authorizer });

  it('says who asks, what for, and which object that is', async () => {
    const head = requestHead({
      url: '/api/v1/namespaces/a/secrets/s',
      headers: { authorization: 'Bearer secret' },
    });
    expect(await access.check(head)).toEqual({
      user: alice,
      attributes: {
        verb: 'get',
        path: '/api/v1/namespaces/a/secrets/s',
        resource: {
          group: '',
          version: 'v1',
          plural: 'secrets',
          subresource: '',
          namespace: 'a',
          name: 's',
        },
      },
      place: expect.objectContaining({ plural: 'secrets', namespace: 'a', name: 's' }),
    });
  });

  it('takes every right that a request needs', async () => {
    const head = requestHead({
      url: '/api/v1/namespaces/a/pods/p/exec?command=id&stdout=1',
      headers: { authorization: 'Bearer secret' },
    });
    await expect(access.check(head), 'alice may only get').rejects.toMatchObject({
      code: 403,
      message: expect.stringContaining('cannot create resource "pods/exec"'),
    });
  });

  it.each([
    [{}, 'GET', 401, 'Unauthorized'],
    [{ authorization: 'Bearer wrong' }, 'GET', 401, 'Unauthorized'],
    [
      { authorization: 'Bearer secret' },
      'POST',
      403,
      'forbidden: User "alice" cannot post path "/x": a rule',
    ],
  ])('refuses with the words of the rule: %j %s', async (headers, method, code, message) => {
    const refused = access.check(requestHead({ method, url: '/x', headers }));
    await expect(refused).rejects.toMatchObject({ code, message });
  });

  it('judges the handshake of socket.io, whose token may come beside the headers', async () => {
    // What a middleware of socket.io gets: `socket.handshake`.
    const handshake = {
      url: '/socket.io/?EIO=4&transport=websocket',
      headers: {},
      auth: { token: 'secret' },
    };
    const { auth, ...raw } = handshake;
    const headers = { ...raw.headers, authorization: `Bearer ${auth.token}` };
    expect((await access.check(requestHead({ ...raw, headers }))).user).toEqual(alice);
    await expect(access.check(requestHead(raw))).rejects.toMatchObject({ code: 401 });
  });
});

describe('the path of a request that no router has seen', () => {
  let server: Server;
  beforeAll(async () => {
    const app = new Hono<{ Bindings: HttpBindings }>();
    app.all('*', (c) => c.json([c.req.path, c.env.incoming.url]));
    server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server;
    await once(server, 'listening');
  });
  afterAll(() => server.close());

  const routed = async (path: string): Promise<[string, string] | undefined> => {
    const sent = request({ port: (server.address() as AddressInfo).port, path, agent: false }).end();
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    const body = await text(answer);
    return answer.statusCode === 200 ? (JSON.parse(body) as [string, string]) : undefined;
  };

  it('is the one that the router sees, or it is refused', async () => {
    const piece = fc.constantFrom(
      'a',
      'namespaces',
      '/',
      '.',
      '%2F',
      '%25',
      '%41',
      '%C3%A4',
      '%',
      '?',
      '~',
      ':',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
        const url = `/api/${pieces.join('')}`;
        const seen = await routed(url);
        if (seen === undefined) return;
        let path: string | undefined;
        try {
          ({ path } = requestHead({ url, headers: {} }));
        } catch (error) {
          expect(error).toMatchObject({ code: 400 });
          return;
        }
        // A client that writes dots as segments is served what they lead to; who upgrades there gets nothing.
        if (/\/\.{1,2}(?:\/|$)/.test(path)) return;
        expect(path).toBe(seen[0]);
      }),
      { numRuns: 300 },
    );
  });
});
