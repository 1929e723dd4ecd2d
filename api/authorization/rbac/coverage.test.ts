import { describe, expect, it } from 'vitest';
import type { PolicyRule } from '../../types/rbac.ts';
import { uncoveredRules } from './coverage.ts';
import { describedRules } from './rule-text.ts';

const on = (resources: string[], verbs = ['get'], rest: Partial<PolicyRule> = {}): PolicyRule => ({
  verbs,
  apiGroups: [''],
  resources,
  ...rest,
});
const paths = (...nonResourceURLs: string[]): PolicyRule => ({ verbs: ['get'], nonResourceURLs });
const named = (...resourceNames: string[]) => on(['a'], ['get'], { resourceNames });

describe('rules that somebody has', () => {
  it.each<[PolicyRule[], PolicyRule[], string]>([
    [[on(['a', 'b'], ['get', 'list'])], [on(['a'])], 'more'],
    [[on(['a']), on(['b'])], [on(['a', 'b'])], 'several rules, one for each part'],
    [[on(['*'])], [on(['a', 'a/s', '*'])], 'all resources'],
    [[on(['a'], ['*'])], [on(['a'], ['get', '*'])], 'all verbs'],
    [
      [on(['a'], ['get'], { apiGroups: ['*'] })],
      [on(['a'], ['get'], { apiGroups: ['x', '*'] })],
      'all groups',
    ],
    [[on(['*/s'])], [on(['a/s', '*/s'])], 'a part of all resources'],
    [[on(['a'])], [named('n')], 'all names'],
    [[named('n', 'm')], [named('n')], 'the name'],
    [[paths('/a*')], [paths('/a', '/ab', '/a/*', '/a*')], 'a prefix of paths'],
    [[paths('*')], [paths('/x', '*')], 'all paths'],
    [[], [], 'nothing'],
  ])('%j cover %j: %s', (held, wanted) => expect(uncoveredRules(held, wanted)).toEqual([]));

  it.each<[PolicyRule[], PolicyRule[], string]>([
    [[on(['a', 'b'])], [on(['*'])], 'some are not all'],
    [[on(['a'], ['get', 'list'])], [on(['a'], ['*'])], 'nor for verbs'],
    [[on(['a'])], [on(['a/s'])], 'the whole is not its part'],
    [[on(['a/s'])], [on(['*/s'])], 'one part is not that of all'],
    [[named('n')], [on(['a'])], 'a name is not all of them'],
    [[named('n')], [named('m')], 'another name'],
    [[on(['a'], ['get']), on(['b'], ['list'])], [on(['a'], ['list'])], 'parts of two rules are none'],
    [[paths('/a/*')], [paths('/a')], 'another path'],
    [[paths('/a')], [paths('/a*')], 'a path is no prefix'],
    [[on(['*'], ['*'], { apiGroups: ['*'] })], [paths('/a')], 'resources are no paths'],
  ])('%j do not cover %j: %s', (held, wanted) => expect(uncoveredRules(held, wanted)).toEqual(wanted));

  it('are compared part by part', () => {
    const missing = uncoveredRules([on(['a'])], [on(['a', 'b'], ['get', 'list']), named('n'), paths('/z')]);
    expect(describedRules(missing)).toBe(
      [
        '{APIGroups:[""], Resources:["a"], Verbs:["list"]}',
        '{APIGroups:[""], Resources:["b"], Verbs:["get" "list"]}',
        '{NonResourceURLs:["/z"], Verbs:["get"]}',
      ].join('\n'),
    );
  });

  it('are not taken into a thousand million parts', () => {
    const many = Array.from({ length: 1000 }, (_, index) => `x${index}`);
    const huge = { verbs: many, apiGroups: many, resources: many };
    expect(() => uncoveredRules([on(['a'])], [huge])).toThrow('at most 100000');
    expect(
      uncoveredRules([on(['*'], ['*'], { apiGroups: ['*'] })], [huge]),
      'who has all is not slowed',
    ).toEqual([]);
  });
});
