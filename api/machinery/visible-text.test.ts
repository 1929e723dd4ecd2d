import fc from 'fast-check';
import { expect, it } from 'vitest';
import { visibleText } from './visible-text.ts';

it.each([
  ['\u001b]0;x\u0007', '^[]0;x^G', 'a title'],
  ['\u001b]52;c;ZXZpbA==\u0007', '^[]52;c;ZXZpbA==^G', 'the clipboard'],
  ['\u001b[2J', '^[[2J', 'an empty screen'],
  ['\u009b2J', '^[[2J', 'the same as a C1 control'],
  ['good\rbad', 'good^Mbad', 'a line over a line'],
  ['a\r\nb', 'a\nb', 'a line end'],
  ['\u007f', '^?', 'DEL'],
  ['a\u202eb', 'a<U+202E>b', 'text that runs backwards'],
  ['a\tb\n文档 é 👩‍💻', 'a\tb\n文档 é 👩‍💻', 'ordinary text'],
])('%j is shown as %j: %s', (text, shown) => {
  expect(visibleText(text)).toBe(shown);
});

it('leaves no control in any text, and changes nothing a second time', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const shown = visibleText(text);
      expect(shown.replaceAll(/[\n\t]/g, '')).not.toMatch(/\p{Cc}/u);
      expect(visibleText(shown)).toBe(shown);
    }),
  );
});
