import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readableName, readableNames, unquoteName } from './quoted-name.ts';

describe('readableName', () => {
  it.each([
    { reason: 'plain', name: Buffer.from('a b.txt'), want: 'a b.txt' },
    { reason: 'beyond ASCII', name: Buffer.from('文档/说明.md'), want: '文档/说明.md' },
    { reason: 'beyond UTF-8', name: Buffer.from('caf\xe9', 'latin1'), want: String.raw`"caf\351"` },
    { reason: 'a quote and a line break', name: Buffer.from('a"\nü'), want: String.raw`"a\"\nü"` },
    { reason: 'a terminal escape', name: Buffer.from('\u001b[2J'), want: String.raw`"\033[2J"` },
  ])('$reason', ({ name, want }) => expect(readableName(name)).toBe(want));

  it('is the name again when it is read', () => {
    fc.assert(
      fc.property(fc.uint8Array({ min: 1, minLength: 1, maxLength: 40 }), (bytes) => {
        const name = Buffer.from(bytes);
        const shown = readableName(name);
        const read = shown.startsWith('"') ? unquoteName(shown) : Buffer.from(shown);
        expect(read).toEqual(name);
      }),
    );
  });
});

it('makes the names in a line readable', () => {
  expect(readableNames(String.raw`diff --git "a/\303\274" "b/x\351"`)).toBe(
    String.raw`diff --git a/ü "b/x\351"`,
  );
});
