import { describe, expect, it } from 'vitest';
import { parseLabelSelector } from './label-selector.ts';

const labels = { app: 'web', tier: 'front', n: '7', empty: '', 'agent.wecode.io/task': 't1', in: 'x' };

describe('parseLabelSelector', () => {
  it.each([
    ['', true, 'selects everything'],
    ['app=web', true, 'equal'],
    ['app==web', true, 'the other spelling'],
    ['app = web , tier=front', true, 'blanks, and'],
    ['app=web,tier=back', false, 'every requirement counts'],
    ['app!=db', true, 'not equal'],
    ['missing!=db', true, 'an absent label is not equal'],
    ['app in (web, db)', true, 'a set'],
    ['app notin (web)', false, 'not in a set'],
    ['missing notin (a)', true, 'an absent label is in no set'],
    ['app', true, 'exists'],
    ['!missing', true, 'does not exist'],
    ['!app', false, 'exists'],
    ['n>5', true, 'greater'],
    ['n<5', false, 'less'],
    ['app>5', false, 'not a number'],
    ['missing<5', false, 'absent'],
    ['empty=', true, 'an empty value'],
    ['empty in (,a)', true, 'an empty value in a set'],
    ['agent.wecode.io/task=t1', true, 'a prefix'],
    ['toString', false, 'no inherited label'],
  ])('%s', (selector, want, reason) => {
    expect(parseLabelSelector(selector).matches(labels), reason).toBe(want);
  });

  it.each([
    ['app=web,'],
    [',app'],
    ['=web'],
    ['app in web'],
    ['app in (web'],
    ['app=(web)'],
    ['a b'],
    ['app web'],
    ['app=web tier=front'],
    ['a b c!'],
    ['-x=1'],
    ['app=$x'],
    ['n>many'],
    ['n>9223372036854775808'],
    ['n>-1'],
    [`app=${'x'.repeat(64)}`],
  ])('refuses %s', (selector) => {
    expect(() => parseLabelSelector(selector)).toThrow(expect.objectContaining({ code: 400 }));
  });

  it('has no labels to match', () => {
    expect(parseLabelSelector('app').matches(undefined)).toBe(false);
    expect(parseLabelSelector('!app').matches(undefined)).toBe(true);
  });
});
