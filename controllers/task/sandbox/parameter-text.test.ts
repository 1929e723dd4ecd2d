import { describe, expect, it } from 'vitest';
import { parameterVariables, withParameters } from './parameter-text.ts';

describe('withParameters', () => {
  it.each([
    ['Fix {{parameters.branch}}.', { branch: 'main' }, 'Fix main.'],
    ['{{ parameters.n }}/{{parameters.list}}', { n: 3, list: ['a'] }, '3/["a"]'],
    ['{{parameters.a}}', { a: '{{parameters.b}}', b: 'secret' }, '{{parameters.b}}'],
    ['{{parameters.a}}', { a: '$& $1' }, '$& $1'],
    ['{{parameters.unknown}} {{other}}', { a: 1 }, '{{parameters.unknown}} {{other}}'],
    ['{{parameters.toString}}', {}, '{{parameters.toString}}'],
    ['{{parameters.branch}}', undefined, '{{parameters.branch}}'],
  ])('%s with %j: %s', (text, parameters, want) => expect(withParameters(text, parameters)).toBe(want));
});

describe('parameterVariables', () => {
  it('have names of programs, and values as texts', () => {
    const given = { branch: 'main', 'max-depth': 2, deep: { a: [1] } };
    expect(parameterVariables(given)).toEqual({
      TROUPE_PARAM_BRANCH: 'main',
      TROUPE_PARAM_MAX_DEPTH: '2',
      TROUPE_PARAM_DEEP: '{"a":[1]}',
    });
    expect(parameterVariables(undefined)).toEqual({});
  });
});
