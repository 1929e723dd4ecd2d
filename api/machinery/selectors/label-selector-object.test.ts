import { describe, expect, it } from 'vitest';
import { labelSelectorProblems, selectsLabels } from './label-selector-object.ts';
import type { LabelExpression, LabelSelectorObject } from './label-selector-object.ts';

const labels = { app: 'web', tier: 'front' };
const expression = (key: string, operator: string, values?: string[]): LabelExpression => ({
  key,
  operator,
  ...(values && { values }),
});

describe('a selector of labels', () => {
  it.each<[LabelSelectorObject, boolean]>([
    [{}, true],
    [{ matchLabels: { app: 'web' } }, true],
    [{ matchLabels: { app: 'web', tier: 'back' } }, false],
    [{ matchLabels: { toString: 'web' } }, false],
    [{ matchExpressions: [expression('app', 'In', ['x', 'web'])] }, true],
    [{ matchExpressions: [expression('other', 'In', ['x'])] }, false],
    [{ matchExpressions: [expression('other', 'NotIn', ['x'])] }, true],
    [{ matchExpressions: [expression('app', 'NotIn', ['web'])] }, false],
    [{ matchExpressions: [expression('app', 'Exists')] }, true],
    [{ matchExpressions: [expression('app', 'DoesNotExist')] }, false],
    [{ matchExpressions: [expression('app', 'Near')] }, false],
    [{ matchLabels: { app: 'web' }, matchExpressions: [expression('tier', 'DoesNotExist')] }, false],
  ])('%j: %s', (selector, want) => {
    expect(selectsLabels(selector, labels)).toBe(want);
  });

  it('is told what is wrong with it', () => {
    const selector = {
      matchLabels: { 'a b': 'c d' },
      matchExpressions: [expression('', 'Near', ['x y'])],
    };
    expect(labelSelectorProblems(selector).map(({ field, type, value }) => [field, type, value])).toEqual([
      ['matchLabels', 'invalid', 'a b'],
      ['matchLabels', 'invalid', 'c d'],
      ['matchExpressions[0].operator', 'invalid', 'Near'],
      ['matchExpressions[0].key', 'invalid', ''],
      ['matchExpressions[0].key', 'invalid', ''],
      ['matchExpressions[0].values[0]', 'invalid', 'x y'],
    ]);
  });
});
