import { RE2JS } from 're2js';
import { describe, expect, it } from 'vitest';
import { compilePattern } from './compiled-pattern.ts';
import { patternSize } from './pattern-size.ts';

describe('patternSize', () => {
  it.each([
    ['^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', 'a name'],
    ['a{1000}', 'a counted repetition'],
    ['(a{10}|b){20}', 'repetitions within repetitions'],
    ['(?:\\d{1,3}\\.){3}\\d{1,3}', 'a group without a name'],
    ['[\\]{9}]x{7}', 'a class that looks like a repetition'],
    ['\\Q(a{9}\\Eb{3}', 'quoted text'],
    ['\\p{Greek}{30}', 'a class by property'],
    ['', 'nothing'],
  ])('%j is at least as large as its program is, but for its end', (pattern) => {
    expect(patternSize(pattern) + 6).toBeGreaterThanOrEqual(RE2JS.compile(pattern).programSize());
  });

  it('knows what is too large before it is compiled', () => {
    expect(() => compilePattern('a{1000}'.repeat(100))).toThrow('more than 50000 states');
    expect(patternSize('((a{1000}){1000}){1000}')).toBeGreaterThan(50_000);
  });
});
