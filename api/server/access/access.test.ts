import { describe, expect, it } from 'vitest';
import { ANONYMOUS } from '../../machinery/user.ts';
import { createTokenAuthenticator } from './authentication.ts';
import { authenticatedMayDoEverything, refusal } from './authorization.ts';
import { requestAttributes } from './request-attributes.ts';

const user = { name: 'alice', groups: [] };

describe('a bearer token', () => {
  const authenticator = createTokenAuthenticator({ token: 'secret', user });

  it.each([
    ['Bearer secret', user, 'the token'],
    ['bearer  secret ', user, 'the scheme has no case'],
    [undefined, undefined, 'no credentials are no wrong ones'],
    ['', undefined, 'an empty header neither'],
  ])('%s', async (authorization, want, reason) => {
    expect(await authenticator.authenticate({ authorization }), reason).toEqual(want);
  });

  it.each([['Bearer wrong'], ['Bearer'], ['Bearer secret extra'], ['Basic secret'], ['secret']])(
    'refuses %s',
    async (authorization) => {
      await expect(authenticator.authenticate({ authorization })).rejects.toMatchObject({ code: 401 });
    },
  );
});

describe('what a request is about', () => {
  const task = { group: 'agent.wecode.io', version: 'v1', plural: 'tasks', subresource: undefined };
  it.each([
    [
      'GET',
      '/apis/agent.wecode.io/v1/namespaces/a/tasks/t',
      false,
      'get',
      { ...task, namespace: 'a', name: 't' },
    ],
    [
      'GET',
      '/apis/agent.wecode.io/v1/namespaces/a/tasks',
      false,
      'list',
      { ...task, namespace: 'a', name: '' },
    ],
    ['GET', '/apis/agent.wecode.io/v1/tasks', true, 'watch', { ...task, namespace: '', name: '' }],
    [
      'POST',
      '/apis/agent.wecode.io/v1/namespaces/a/tasks',
      false,
      'create',
      { ...task, namespace: 'a', name: '' },
    ],
    [
      'DELETE',
      '/apis/agent.wecode.io/v1/namespaces/a/tasks',
      false,
      'deletecollection',
      { ...task, namespace: 'a', name: '' },
    ],
    [
      'DELETE',
      '/apis/agent.wecode.io/v1/namespaces/a/tasks/x%2Fy',
      false,
      'delete',
      { ...task, namespace: 'a', name: 'x/y' },
    ],
    [
      'PATCH',
      '/apis/agent.wecode.io/v1/namespaces/a/tasks/t/status',
      false,
      'patch',
      { ...task, subresource: 'status', namespace: 'a', name: 't' },
    ],
    [
      'GET',
      '/api/v1/namespaces/a',
      false,
      'get',
      { group: '', version: 'v1', plural: 'namespaces', subresource: undefined, namespace: '', name: 'a' },
    ],
    ['GET', '/apis/agent.wecode.io/v1', false, 'get', undefined],
    ['GET', '/version', false, 'get', undefined],
  ] as const)('%s %s', (method, path, isWatch, ...[verb, resource]) => {
    expect(requestAttributes(method, path, isWatch)).toEqual({ verb, path, resource });
  });
});

describe('access', () => {
  it.each([
    ['/version', true],
    ['/readyz/storage', true],
    ['/readyz/../api', false],
    ['/livez/ping/x', false],
    ['/api', false],
  ])('lets the anonymous see %s: %s', async (path, allowed) => {
    const attributes = requestAttributes('GET', path, false);
    expect(await authenticatedMayDoEverything.authorize(ANONYMOUS, attributes)).toBe(allowed);
    expect(await authenticatedMayDoEverything.authorize(user, attributes)).toBe(true);
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
    ['GET', '/metrics', 'forbidden: User "alice" cannot get path "/metrics"'],
  ])('says what was refused: %s %s', (method, path, message) => {
    expect(refusal(user, requestAttributes(method, path, false))).toMatchObject({ code: 403, message });
  });
});
