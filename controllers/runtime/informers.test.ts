import { describe, expect, it } from 'vitest';
import type { Client } from '#api/client/client';
import type { KubeObject } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import { createInformers } from './informers.ts';

const THINGS: ResourceType = {
  ...{ group: 'x.io', version: 'v1', kind: 'Thing', plural: 'things', namespaced: false },
};

const thing: KubeObject = {
  apiVersion: 'x.io/v1',
  kind: 'Thing',
  metadata: { name: 'a', resourceVersion: '1', labels: { long: 'word' }, managedFields: [{}] },
};

/** A server that has one thing, and tells nothing more. */
const client = {
  list: () => Promise.resolve({ metadata: { resourceVersion: '1' }, items: [thing] }),
  watch: () => new Promise<never>(() => undefined),
} as unknown as Pick<Client, 'list' | 'watch'>;

function withoutLabels({ metadata, ...object }: KubeObject): KubeObject {
  const { labels: _, ...rest } = metadata;
  return { ...object, metadata: rest };
}

describe('createInformers', () => {
  it.each([
    { reason: 'all but who wrote which field', wanted: false, kept: { labels: { long: 'word' } } },
    { reason: 'what somebody wants', wanted: true, kept: {} },
  ])('keeps $reason', async ({ wanted, kept }) => {
    const informers = createInformers({ client });
    if (wanted) informers.keep(THINGS, withoutLabels);
    const things = informers.of(THINGS);
    void informers.run(new AbortController().signal);
    await informers.ready?.();
    expect(things.list().map(({ metadata }) => metadata)).toEqual([
      { name: 'a', resourceVersion: '1', ...kept },
    ]);
  });

  it('says nothing of what is kept once somebody has asked for the informer', () => {
    const informers = createInformers({ client });
    informers.of(THINGS, 'metadata.name=a');
    expect(() => informers.keep(THINGS, withoutLabels)).toThrow('was asked for before');
  });
});
