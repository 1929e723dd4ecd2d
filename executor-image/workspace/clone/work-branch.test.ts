import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freeBranchName, relatedBranches } from './work-branch.ts';

describe('freeBranchName', () => {
  it.each([
    { reason: 'nothing is there', taken: [], want: 'troupe/t' },
    { reason: 'others are there', taken: ['main', 'troupe/other', 'troupe/t@left'], want: 'troupe/t' },
    { reason: 'it is there', taken: ['troupe/t'], want: 'troupe/t-2' },
    { reason: 'it is there, and the next', taken: ['troupe/t', 'troupe/t-2'], want: 'troupe/t-3' },
    { reason: 'it is there in capitals', taken: ['Troupe/T'], want: 'troupe/t-2' },
    { reason: 'its folder is a branch', taken: ['troupe'], want: 'troupe-t' },
    {
      reason: 'its folder is a branch, and the name with a dash',
      taken: ['troupe', 'troupe-t'],
      want: 'troupe-t-2',
    },
    { reason: 'it is the folder of a branch', taken: ['troupe/t/x'], want: 'troupe/t-2' },
  ])('$want when $reason', ({ taken, want }) => expect(freeBranchName('troupe/t', taken)).toBe(want));

  it('never meets another branch, its folder or its content', () => {
    const part = fc.constantFrom('troupe', 't', 't-2', 'Troupe', 'x');
    const name = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
    fc.assert(
      fc.property(name, fc.array(name), (wanted, taken) => {
        const free = freeBranchName(wanted, taken).toLowerCase();
        for (const other of taken.map((one) => one.toLowerCase())) {
          expect(other === free || other.startsWith(`${free}/`) || free.startsWith(`${other}/`)).toBe(false);
        }
      }),
    );
  });
});

it('knows the branches that may stand in the way later', () => {
  const branches = ['main', 'troupe', 'Troupe/t', 'troupe-t', 'feature/troupe'];
  expect(relatedBranches('troupe/t', branches)).toEqual(['troupe', 'Troupe/t', 'troupe-t']);
});
