import { describe, expect, it } from 'vitest';
import { EVENTS, EXECUTORS, TASKS } from '../types/resources.ts';
import { queryString, resourcePath } from './resource-path.ts';

describe('resourcePath', () => {
  it.each([
    [TASKS, {}, '/apis/agent.wecode.io/v1/tasks', 'all namespaces'],
    [TASKS, { namespace: 'a' }, '/apis/agent.wecode.io/v1/namespaces/a/tasks', 'one namespace'],
    [
      TASKS,
      { namespace: 'g/a', name: 'x?y', subresource: 'log' },
      '/apis/agent.wecode.io/v1/namespaces/g%2Fa/tasks/x%3Fy/log',
      'every part is escaped',
    ],
    [EXECUTORS, { name: 'e' }, '/apis/agent.wecode.io/v1alpha1/executors/e', 'cluster-scoped'],
    [
      EXECUTORS,
      { namespace: 'a', name: 'e' },
      '/apis/agent.wecode.io/v1alpha1/executors/e',
      'namespace left out',
    ],
    [EVENTS, { namespace: 'a' }, '/api/v1/namespaces/a/events', 'the core group'],
  ])('%# %o', (...[type, target, want, reason]) => {
    expect(resourcePath(type, target), reason).toBe(want);
  });

  it.each([
    [{ namespace: 'a', name: '..' }, 'would leave the collection'],
    [{ namespace: 'a', name: '' }, 'would name the collection: a delete of nothing becomes one of all'],
    [{ name: 'x' }, 'a name without a namespace'],
  ])('refuses %o', (target, reason) => {
    expect(() => resourcePath(TASKS, target), reason).toThrow(
      expect.objectContaining({ reason: 'BadRequest' }),
    );
  });
});

describe('queryString', () => {
  it('leaves out what is not set and escapes the rest', () => {
    expect(queryString({ a: undefined, labelSelector: 'x in (a,b)', watch: true })).toBe(
      '?labelSelector=x+in+%28a%2Cb%29&watch=true',
    );
    expect(queryString({})).toBe('');
  });
});
