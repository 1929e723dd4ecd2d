import { describe, expect, it } from 'vitest';
import type { Unstructured } from '../../machinery/meta.ts';
import { defineResources, loadDefinitions } from '../../schema/load-crds.ts';
import type { CustomResourceDefinition } from '../../schema/load-crds.ts';
import { restore, encodeBody } from '../../storage/memory/stored-object.ts';
import { presented, toStored } from './presented.ts';
import type { Resource } from '../resource.ts';

const schema = (properties: object): object => ({
  openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } },
});

const widgets = {
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { kind: 'Widget', plural: 'widgets' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: schema({ a: { type: 'string' }, b: { type: 'string', default: 'B' } }),
      },
      { name: 'v2', served: true, storage: false, schema: schema({ a: { type: 'string' } }) },
      {
        name: 'v3',
        served: true,
        storage: false,
        schema: schema({ b: { type: 'string' }, c: { type: 'string', default: 'C' } }),
      },
    ],
  },
} as unknown as CustomResourceDefinition;

const [v1, v2, v3] = defineResources(widgets, { builtIn: false, definedAt: 10 }) as [
  Resource,
  Resource,
  Resource,
];

const key = { resource: 'widgets.example.com', namespace: 'default', name: 'w' };

function stored(revision: number, spec: object) {
  const metadata = { name: 'w', namespace: 'default' };
  const object = { apiVersion: 'example.com/v1', kind: 'Widget', metadata, spec };
  return restore(key, revision, encodeBody(object));
}

describe('a stored object', () => {
  it('is shown as it is by the version that stored it', () => {
    const object = stored(11, { gone: 1 });
    expect(presented(v1, object)).toBe(object);
  });

  it('is pruned and defaulted anew when the definition is newer', () => {
    const object = stored(10, { a: 'A', gone: 1 });
    const shown = presented(v1, object);
    expect(shown.object['spec']).toEqual({ a: 'A', b: 'B' });
    expect(JSON.parse(shown.json())).toEqual(shown.object);
    expect(shown.object.metadata.resourceVersion).toBe('10');
    expect(presented(v1, object)).toBe(shown);
    const same = stored(9, { a: 'A', b: 'B' });
    expect(presented(v1, same), 'nothing changes').toBe(same);
  });

  it('has the defaults of the version that it is stored in, whatever version shows it', () => {
    const shown = presented(v3, stored(10, { a: 'A' })).object;
    expect([shown.apiVersion, shown['spec']]).toEqual(['example.com/v3', { b: 'B' }]);
  });

  it('is stored with the fields and defaults of the storage version', () => {
    const written = {
      apiVersion: 'example.com/v3',
      kind: 'Widget',
      metadata: { name: 'w' },
      spec: { c: 'C' },
    };
    expect(toStored(v3, written)).toEqual({ ...written, apiVersion: 'example.com/v1', spec: { b: 'B' } });
  });

  it('is shown in the version that was asked for', () => {
    const shown = presented(v2, stored(11, { a: 'A', b: 'B' })).object;
    expect([shown.apiVersion, shown['spec']]).toEqual(['example.com/v2', { a: 'A' }]);
    expect(toStored(v2, shown).apiVersion).toBe('example.com/v1');
    expect(toStored(v1, { ...shown, apiVersion: 'example.com/v1' }).apiVersion).toBe('example.com/v1');
  });
});

describe('an Event', () => {
  const view = loadDefinitions().find(({ group }) => group === 'events.k8s.io') as Resource;
  const core: Unstructured = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'e', namespace: 'default' },
    involvedObject: { kind: 'Task', name: 't' },
    reason: 'Started',
    message: 'it started',
    source: { component: 'c', host: 'h' },
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:00:01Z',
    count: 2,
    type: 'Normal',
    eventTime: '2026-01-01T00:00:00.000000Z',
    series: { count: 2, lastObservedTime: '2026-01-01T00:00:00.000000Z' },
    action: 'Start',
    related: { kind: 'Sandbox', name: 's' },
    reportingComponent: 'controllers',
    reportingInstance: 'controllers-1',
  };

  it('of events.k8s.io is another spelling of one of core, both ways', () => {
    const shown = presented(view, restore({ ...key, resource: 'events' }, 3, encodeBody(core))).object;
    expect(shown).toMatchObject({
      apiVersion: 'events.k8s.io/v1',
      regarding: core['involvedObject'],
      note: 'it started',
      deprecatedSource: core['source'],
      deprecatedFirstTimestamp: core['firstTimestamp'],
      deprecatedLastTimestamp: core['lastTimestamp'],
      deprecatedCount: 2,
      reportingController: 'controllers',
      reportingInstance: 'controllers-1',
      series: core['series'],
      related: core['related'],
    });
    for (const field of ['involvedObject', 'message', 'source', 'count'])
      expect(shown).not.toHaveProperty(field);
    const { resourceVersion: _, ...metadata } = shown.metadata;
    expect(toStored(view, { ...shown, metadata })).toEqual(core);
  });
});
