import { expect, it } from 'vitest';
import { compareVersions } from './version-priority.ts';

it('orders versions as the documentation of Kubernetes has them', () => {
  const ordered = [
    'v10',
    'v2',
    'v1',
    'v11beta2',
    'v10beta3',
    'v3beta1',
    'v12alpha1',
    'v11alpha2',
    'foo1',
    'foo10',
  ];
  expect(ordered.toReversed().toSorted(compareVersions)).toEqual(ordered);
});

it.each([
  ['v1', 'v1', 'the same'],
  ['foo', 'foo', 'the same, and no version of Kubernetes'],
])('%s and %s are %s', (left, right) => {
  expect(compareVersions(left, right)).toBe(0);
});

it.each([['v01'], ['v0'], ['v1beta0'], ['V1'], ['v1gamma1']])('%s comes after v1alpha1', (name) => {
  expect(compareVersions(name, 'v1alpha1')).toBeGreaterThan(0);
});
