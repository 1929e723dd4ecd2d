import { describe, expect, it } from 'vitest';
import type { Sync } from '#api/types/generated/sync';
import { applySetID, hasParentMetadata, parentMetadata, scopeOf, scopeOfObjects } from './apply-set.ts';

const sync: Sync = {
  apiVersion: 'agent.wecode.io/v1alpha1',
  kind: 'Sync',
  metadata: { name: 'demo', namespace: 'team' },
  spec: { source: { url: 'https://host/a.git' } },
};
const objects = [
  { group: 'agent.wecode.io', kind: 'Ghost', namespace: 'team' },
  { group: '', kind: 'ConfigMap', namespace: 'other' },
  { group: '', kind: 'Namespace' },
];

describe('the set of a Sync', () => {
  it('has the id that kubectl works out', () => {
    // printf demo.team.Sync.agent.wecode.io | openssl dgst -sha256 -binary | basenc --base64url
    expect(applySetID(sync)).toBe('applyset-ojXfTQ3N9c47JhBuuby08ivR6mABU0bYMf7WiaWAUtE-v1');
  });

  it('says on its parent where members may be, and reads that again', () => {
    const scope = scopeOfObjects(objects, sync);
    const { labels, annotations } = parentMetadata(sync, scope);
    expect(annotations).toMatchObject({
      'applyset.kubernetes.io/contains-group-kinds': 'ConfigMap,Ghost.agent.wecode.io,Namespace',
      'applyset.kubernetes.io/additional-namespaces': 'other',
    });
    const noted: Sync = { ...sync, metadata: { ...sync.metadata, labels, annotations } };
    expect([hasParentMetadata(sync, scope), hasParentMetadata(noted, scope)]).toEqual([false, true]);
    expect(scopeOf(noted)).toEqual(scope);
  });
});
