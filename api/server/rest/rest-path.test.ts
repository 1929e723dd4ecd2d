import { describe, expect, it } from 'vitest';
import { approvalActionOf, batchPath, placeOf, taskActionOf } from './rest-path.ts';

const OURS = { group: 'agent.wecode.io', version: 'v1' };

describe('paths below /api/v1', () => {
  it.each<[string, object | undefined, string]>([
    ['/api/v1/ghosts', { ...OURS, plural: 'ghosts', namespace: '', rest: 'compatible' }, 'all namespaces'],
    [
      '/api/v1/namespaces/a/skills/s/package',
      { group: OURS.group, version: 'v1alpha1', plural: 'skills', name: 's', subresource: 'package' },
      'the zip of a Skill',
    ],
    ['/api/v1/namespaces/a/tasks/t', { ...OURS, plural: 'tasks', namespace: 'a', name: 't' }, 'an object'],
    [
      '/api/v1/admin/public-models/m',
      { ...OURS, plural: 'models', namespace: 'system', name: 'm', rest: 'envelope' },
      'a public Model',
    ],
    [
      '/api/v1/admin/users/u',
      { group: OURS.group, version: 'v1alpha1', plural: 'users', name: 'u' },
      'a user',
    ],
    ['/api/v1/users', { group: OURS.group, version: 'v1alpha1', plural: 'users', name: '' }, 'users'],
    [
      '/api/v1/admin/nothing',
      { group: '', plural: 'admin', name: 'nothing' },
      'no other path of administrators',
    ],
    ['/api/v1/namespaces/a/secrets/s', { group: '', plural: 'secrets' }, 'the core group has its own'],
    ['/api/v1/namespaces/a/users', { group: '', plural: 'users' }, 'users are in no namespace'],
    ['/api/v1/watch/ghosts', { group: '', plural: 'ghosts' }, 'no watch'],
    ['/apis/agent.wecode.io/v1/ghosts', { ...OURS, plural: 'ghosts' }, 'the API proper'],
    ['/api/v1/health', undefined, 'no resource'],
    ['/api/v1/namespaces/a/apply', undefined, 'a batch'],
    ['/api/auth/login', undefined, 'a login'],
  ])('%s', (path, want, reason) => {
    const place = placeOf(path);
    if (want === undefined) expect(place, reason).toBeUndefined();
    else expect(place, reason).toMatchObject(want);
    if (path.startsWith('/apis/')) expect(place?.rest).toBeUndefined();
  });

  it('name what is asked of a Task', () => {
    const of = (path: string) => {
      const place = placeOf(path);
      return place && taskActionOf(place);
    };
    expect(of('/api/v1/namespaces/a/tasks/t/cancel')).toBe('cancel');
    expect(of('/api/v1/namespaces/a/tasks/t/log')).toBeUndefined();
    const approve = placeOf('/api/v1/namespaces/a/approvals/x/approve');
    expect(approve && approvalActionOf(approve)).toBe('approve');
    expect(of('/apis/agent.wecode.io/v1/namespaces/a/tasks/t/cancel')).toBeUndefined();
  });

  it('take batches for one namespace', () => {
    expect(batchPath('/api/v1/namespaces/a/delete')).toEqual({ namespace: 'a', action: 'delete' });
    expect(batchPath('/api/v1/namespaces/a/b/apply')).toBeUndefined();
  });
});
