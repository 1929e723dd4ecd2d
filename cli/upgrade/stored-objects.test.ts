import { describe, expect, it } from 'vitest';
import { Tally } from './stored-objects.ts';

const object = (name: string) => ({ apiVersion: 'v1', kind: 'Team', metadata: { name, namespace: 'n' } });
const FINE = { problems: [], lostFields: [], deprecations: [] };

describe('findings of one kind', () => {
  const tally = () => new Tally({ kind: 'Team', plural: 'teams' });

  it('are none for objects that are fine', () => {
    const one = tally();
    one.add(object('a'), FINE);
    expect(one.findings()).toEqual([]);
  });

  it('name the object, what is wrong and what is lost', () => {
    const one = tally();
    one.add(object('a'), { ...FINE, problems: ['spec.x: Required value'], lostFields: ['spec.y'] });
    expect(one.findings()).toMatchObject([
      { level: 'Hinders', about: 'team/n/a', message: 'is invalid in this version: spec.x: Required value' },
      {
        level: 'Warning',
        about: 'team/n/a',
        message: 'has fields that this version does not know: spec.y',
      },
    ]);
  });

  it('name ten objects and count the others; deprecations are told once', () => {
    const one = tally();
    for (let index = 0; index < 25; index += 1)
      one.add(object(`t${index}`), { problems: ['p'], lostFields: [], deprecations: ['old version'] });
    const found = one.findings();
    expect(found).toHaveLength(12);
    expect(found.slice(10)).toMatchObject([
      { level: 'Hinders', about: 'teams', message: '15 more like those above' },
      { level: 'Warning', about: 'teams', message: 'old version' },
    ]);
  });
});
