import { describe, expect, it } from 'vitest';
import { findResource, printedKind, resourceOfKind } from './api-resource.ts';
import type { ApiResource } from './api-resource.ts';

const resource = (kind: string, more: Partial<ApiResource> = {}): ApiResource => ({
  group: 'agent.wecode.io',
  version: 'v1',
  kind,
  plural: `${kind.toLowerCase()}s`,
  singular: kind.toLowerCase(),
  namespaced: true,
  shortNames: [],
  categories: [],
  verbs: ['get', 'list'],
  ...more,
});

const RESOURCES = [
  resource('Event', { group: '', shortNames: ['ev'] }),
  resource('Event', { group: 'events.k8s.io' }),
  resource('Task', { shortNames: ['ta', 'tk'] }),
  resource('Sandbox', { version: 'v1alpha1', plural: 'sandboxes' }),
];

describe('findResource', () => {
  it.each([
    ['tasks', 'tasks.agent.wecode.io', 'plural'],
    ['task', 'tasks.agent.wecode.io', 'singular'],
    ['Task', 'tasks.agent.wecode.io', 'kind'],
    ['tk', 'tasks.agent.wecode.io', 'short name'],
    ['tasks.agent.wecode.io', 'tasks.agent.wecode.io', 'with its group'],
    ['sandboxes.v1alpha1.agent.wecode.io', 'sandboxes.agent.wecode.io', 'with version and group'],
    ['events', 'events.', 'the core group comes first'],
    ['events.events.k8s.io', 'events.events.k8s.io', 'the group decides'],
  ])('%s', (word, want, reason) => {
    const found = findResource(RESOURCES, word);
    expect(`${found.plural}.${found.group}`, reason).toBe(want);
  });

  it('says what kubectl says about an unknown one', () => {
    expect(() => findResource(RESOURCES, 'pods')).toThrow('the server doesn\'t have a resource type "pods"');
  });
});

describe('resourceOfKind', () => {
  it('goes by apiVersion and kind', () => {
    expect(resourceOfKind(RESOURCES, { apiVersion: 'v1', kind: 'Event' })?.group).toBe('');
    expect(resourceOfKind(RESOURCES, { apiVersion: 'agent.wecode.io/v1', kind: 'Task' })?.plural).toBe(
      'tasks',
    );
    expect(resourceOfKind(RESOURCES, { apiVersion: 'agent.wecode.io/v2', kind: 'Task' })).toBeUndefined();
  });
});

describe('printedKind', () => {
  it('has the group, unless it is the core group', () => {
    expect(printedKind(resource('Task'))).toBe('task.agent.wecode.io');
    expect(printedKind(resource('Secret', { group: '' }))).toBe('secret');
  });
});
