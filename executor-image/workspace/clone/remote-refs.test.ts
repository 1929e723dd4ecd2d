import { describe, expect, it } from 'vitest';
import { branchesOf, parseRemoteRefs, startPoint } from './remote-refs.ts';

const ID = 'a'.repeat(40);
const refs = parseRemoteRefs(
  [
    `${ID}\trefs/heads/main`,
    `${ID}\trefs/heads/v1`,
    `${ID}\trefs/tags/v1`,
    `${ID}\trefs/tags/v2`,
    `${'b'.repeat(40)}\trefs/tags/v2^{}`,
    '',
  ].join('\n'),
);
const start = (branch: string, ref?: string, among = refs) => startPoint(among, { url: 'U', branch, ref });

describe('startPoint', () => {
  it.each([
    { reason: 'a branch', branch: 'main', want: { kind: 'branch', name: 'main', ref: 'refs/heads/main' } },
    { reason: 'a tag in the place of a branch', branch: 'v2', want: { kind: 'tag', name: 'v2' } },
    { reason: 'a branch before a tag', branch: 'v1', want: { kind: 'branch', ref: 'refs/heads/v1' } },
    { reason: 'a tag by its full name', ref: 'refs/tags/v1', want: { kind: 'tag', name: 'v1' } },
    { reason: 'a ref before the branch', ref: 'v2', want: { kind: 'tag', ref: 'refs/tags/v2' } },
    { reason: 'a change that is no branch', ref: 'refs/pull/7/head', want: { kind: 'ref' } },
    { reason: 'a commit', ref: ID, want: { kind: 'commit', name: ID } },
  ])('$reason', ({ branch = 'main', ref, want }) => expect(start(branch, ref)).toMatchObject(want));

  it('an empty repository', () => {
    expect(start('main', undefined, new Map())).toEqual({ kind: 'unborn', name: 'main' });
  });

  it.each([
    {
      reason: 'no such branch',
      branch: 'x',
      says: 'branch "x" does not exist in U; its branches are "main", "v1"',
    },
    { reason: 'no such ref', ref: 'x', says: '"x" does not exist in U' },
    {
      reason: 'half a commit id',
      ref: 'abcdef1',
      says: '"abcdef1", if it is meant as a commit, is not a whole id',
    },
    {
      reason: 'a ref of an empty repository',
      ref: 'v1',
      among: new Map(),
      says: '"v1" does not exist in U, which is empty',
    },
  ])('refuses $reason', ({ branch = 'main', ref, among, says }) => {
    expect(() => start(branch, ref, among)).toThrow(says);
  });
});

it('takes the commit of a tag object', () => {
  expect(refs.get('refs/tags/v2')).toBe('b'.repeat(40));
  expect(branchesOf(refs)).toEqual(['main', 'v1']);
});
