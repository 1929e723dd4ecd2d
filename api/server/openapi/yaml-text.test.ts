import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { yamlText } from './yaml-text.ts';

it.each([
  ['a\u007fb', String.raw`"a\u007fb"`, 'a control character'],
  ['a\u0085b', String.raw`"a\u0085b"`, 'the end of a line in YAML 1.1'],
  ['\u2028', String.raw`"\u2028"`, 'another'],
  ['\ufeff', String.raw`"\ufeff"`, 'a byte order mark'],
  ['a\ud800b', '"a\ufffdb"', 'half of a pair'],
  ['\\ud800', String.raw`"\\ud800"`, 'what only looks like one'],
  ['\\\ud800', '"\\\\\ufffd"', 'one after a backslash'],
  ['\u{1f600}', '"\u{1f600}"', 'a whole pair'],
])('%j is %s (%s)', (value, text) => {
  expect(yamlText(value)).toBe(text);
});

it('writes numbers of 64 bits', () => {
  expect(yamlText({ minimum: 9007199254740993n })).toBe('{"minimum":9007199254740993}');
});

it('is the same value, read as JSON or as YAML', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      const text = yamlText({ value });
      expect(JSON.parse(text)).toEqual({ value });
      expect(parse(text)).toEqual({ value });
    }),
  );
});
