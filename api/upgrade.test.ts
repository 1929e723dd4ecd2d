import { describe, expect, it } from 'vitest';
import { defineResources } from './schema/load-crds.ts';
import type { CustomResourceDefinition } from './schema/load-crds.ts';
import { newestSchema } from './storage/migration-journal.ts';
import { upgradeTarget } from './upgrade.ts';

const schema = {
  openAPIV3Schema: {
    type: 'object' as const,
    properties: {
      spec: {
        type: 'object' as const,
        required: ['size'],
        properties: {
          size: { type: 'integer' as const, minimum: 1 },
          mode: { type: 'string' as const, default: 'a', enum: ['a', 'b'] },
        },
      },
    },
  },
};
const CRD: CustomResourceDefinition = {
  metadata: { name: 'widgets.agent.wecode.io' },
  spec: {
    group: 'agent.wecode.io',
    scope: 'Namespaced',
    names: { kind: 'Widget', plural: 'widgets' },
    versions: [
      { name: 'v1', served: true, storage: true, schema },
      { name: 'v1beta1', served: true, storage: false, deprecated: true, schema },
      { name: 'v1alpha1', served: false, storage: false, schema },
    ],
  },
};
const target = upgradeTarget(defineResources(CRD, { builtIn: false }));
const V1 = { version: 'v1', plural: 'widgets' };

describe('a version that takes over', () => {
  it.each([
    [V1, true],
    [{ version: 'v1alpha1', plural: 'widgets' }, false],
    [{ version: 'v1', plural: 'gadgets' }, false],
  ])('serves %o: %s', (version, want) => {
    expect(target.serves(version)).toBe(want);
  });

  it.each<{ reason: string; spec: object; written?: string; want: object }>([
    { reason: 'valid, with its defaults', spec: { size: 1 }, want: {} },
    {
      reason: 'a field that has become required',
      spec: {},
      want: { problems: ['spec.size: Required value'] },
    },
    {
      reason: 'a value that is no longer taken',
      spec: { size: 1, mode: 'c' },
      want: { problems: ['spec.mode: Unsupported value: "c": supported values: "a", "b"'] },
    },
    {
      reason: 'a field that is gone',
      spec: { size: 1, colour: 'red' },
      want: { lostFields: ['spec.colour'] },
    },
    {
      reason: 'written in an old version',
      spec: { size: 1 },
      written: 'agent.wecode.io/v1beta1',
      want: {
        deprecations: ['agent.wecode.io/v1beta1 Widget is deprecated; use agent.wecode.io/v1 Widget'],
      },
    },
    {
      reason: 'written in a version of another group',
      spec: { size: 1 },
      written: 'other/v1beta1',
      want: {},
    },
  ])('judges $reason', ({ spec, written = 'agent.wecode.io/v1', want }) => {
    const managedFields = [{ manager: 'm', operation: 'Apply' as const, apiVersion: written }];
    const metadata = { name: 'a', namespace: 'default', managedFields };
    const object = { apiVersion: 'agent.wecode.io/v1', kind: 'Widget', metadata, spec };
    const fine = { problems: [], lostFields: [], deprecations: [] };
    expect(target.judge(V1, object)).toEqual({ ...fine, ...want });
  });

  it('names the migrations that are to come, in order', () => {
    const all = target.migrationsAfter(-1);
    expect(all).toHaveLength(newestSchema() + 1);
    expect(all).toEqual([...all].sort());
    expect(target.migrationsAfter(target.schema)).toEqual([]);
  });
});
