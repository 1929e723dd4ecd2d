import { describe, expect, it } from 'vitest';
import { parseFieldSelector } from './field-selector.ts';

describe('parseFieldSelector', () => {
  it.each([
    ['', [], 'selects everything'],
    ['metadata.name=t1', [{ field: 'metadata.name', operator: '=', value: 't1' }], 'equal'],
    ['metadata.name==t1', [{ field: 'metadata.name', operator: '=', value: 't1' }], 'the other spelling'],
    [
      'a=1,b!=2',
      [
        { field: 'a', operator: '=', value: '1' },
        { field: 'b', operator: '!=', value: '2' },
      ],
      'and',
    ],
    ['a=x\\,y', [{ field: 'a', operator: '=', value: 'x,y' }], 'an escaped comma'],
    ['a=x\\=y\\\\', [{ field: 'a', operator: '=', value: 'x=y\\' }], 'other escapes'],
    ['a=', [{ field: 'a', operator: '=', value: '' }], 'an empty value'],
  ])('%s', (text, want, reason) => {
    expect(parseFieldSelector(text), reason).toEqual(want);
  });

  it.each([['name'], ['a=b=c'], ['a=\\x'], ['a=b\\']])('refuses %s', (text) => {
    expect(() => parseFieldSelector(text)).toThrow(expect.objectContaining({ code: 400 }));
  });
});
