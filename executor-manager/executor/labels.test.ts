import { describe, expect, it } from 'vitest';
import { labelChange, ownLabels, readLabels } from './labels.ts';

const P = 'executor.agent.wecode.io/';

describe('readLabels', () => {
  it('reads those of the prefix', () => {
    expect(readLabels([`${P}gpu=a100`, `${P}empty=`])).toEqual({ [`${P}gpu`]: 'a100', [`${P}empty`]: '' });
    expect(readLabels()).toEqual({});
  });

  it.each([
    { given: 'gpu=a100', message: 'kubectl label executor NAME gpu=a100', why: 'labels of people' },
    { given: 'team.example/trusted=yes', message: `begin with ${P} only`, why: 'another prefix' },
    { given: `${P}gpu`, message: '--label must be KEY=VALUE', why: 'no value' },
    {
      given: `${P}arch=mips`,
      message: 'finds executor.agent.wecode.io/arch out by itself',
      why: 'a known one',
    },
    { given: `${P}=x`, message: 'name part must be non-empty', why: 'no name' },
    {
      given: `${P}gpu=a b`,
      message: 'a valid label must be an empty string or consist of',
      why: 'a wrong value',
    },
  ])('refuses $given: $why', ({ given, message }) => {
    expect(() => readLabels([given])).toThrow(message);
  });
});

it('an executor says what runs its sandboxes, and on what', () => {
  const found = { runtime: 'docker', platform: { arch: 'arm64', os: 'linux' } };
  expect(ownLabels({ [`${P}gpu`]: 'a100' }, found)).toEqual({
    [`${P}gpu`]: 'a100',
    [`${P}runtime`]: 'docker',
    [`${P}arch`]: 'arm64',
    [`${P}os`]: 'linux',
  });
  expect(ownLabels({}, { runtime: 'docker', platform: undefined })).toEqual({ [`${P}runtime`]: 'docker' });
});

it.each([
  { has: undefined, wants: {}, change: undefined, why: 'none' },
  {
    has: { zone: 'a', [`${P}os`]: 'linux' },
    wants: { [`${P}os`]: 'linux' },
    change: undefined,
    why: 'as they are',
  },
  {
    has: { zone: 'a', [`${P}os`]: 'darwin', [`${P}old`]: 'x' },
    wants: { [`${P}os`]: 'linux', [`${P}new`]: 'y' },
    change: { [`${P}os`]: 'linux', [`${P}new`]: 'y', [`${P}old`]: null },
    why: 'people keep theirs',
  },
])('labelChange: $why', ({ has, wants, change }) => {
  expect(labelChange(has, wants)).toEqual(change);
});
