import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLineSplitter } from './line-splitter.ts';

describe('line splitter', () => {
  it('gives the same lines however the bytes are cut', () => {
    const line = fc.string({ unit: 'binary' }).map((value) => value.toWellFormed().replaceAll('\n', ' '));
    fc.assert(
      fc.property(
        fc.array(line),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        (lines, cuts) => {
          const bytes = Buffer.from(lines.join('\n'));
          const found: string[] = [];
          const splitter = createLineSplitter(
            (text) => found.push(text),
            () => expect.unreachable(),
          );
          let offset = 0;
          for (let i = 0; offset < bytes.length; i++) {
            const size = cuts[i % cuts.length] ?? 1;
            splitter.write(bytes.subarray(offset, offset + size));
            offset += size;
          }
          splitter.end();
          expect(found).toEqual(lines.filter((text) => text.trim() !== ''));
        },
      ),
    );
  });

  it('drops a line without end, and goes on with the next', () => {
    const found: string[] = [];
    let dropped = 0;
    const splitter = createLineSplitter(
      (text) => found.push(text),
      () => (dropped += 1),
    );
    const mebibyte = Buffer.alloc(1024 * 1024, 'x');
    for (let i = 0; i < 70; i++) splitter.write(mebibyte);
    splitter.write(Buffer.from('end\nnext\n'));
    splitter.end();
    expect(found).toEqual(['next']);
    expect(dropped).toBe(1);
  });
});
