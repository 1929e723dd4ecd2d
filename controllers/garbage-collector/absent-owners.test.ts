import { expect, it } from 'vitest';
import { createAbsentOwners } from './absent-owners.ts';

const owner = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', name, uid: name });

it('knows absent owners by all that a reference says, and by the namespace', () => {
  const absent = createAbsentOwners();
  absent.add(owner('a'), 'n');
  expect(absent.has(owner('a'), 'n')).toBe(true);
  expect(absent.has(owner('a'), 'm')).toBe(false);
  expect(absent.has({ ...owner('a'), kind: 'Secret' }, 'n')).toBe(false);
});

it('forgets the oldest', () => {
  const absent = createAbsentOwners(2);
  for (const name of ['a', 'b', 'c']) absent.add(owner(name), '');
  expect(['a', 'b', 'c'].map((name) => absent.has(owner(name), ''))).toEqual([false, true, true]);
});
