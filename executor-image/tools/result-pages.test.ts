import fc from 'fast-check';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { describe, expect, it } from 'vitest';
import { RESULT_BYTES, ResultPages } from './result-pages.ts';

const CUT = /\n\[Cut here: \d+ of \d+ bytes\. Call read_more with \{"cursor": "(.*)"\} to read on\.\]$/;
const first = (result: CallToolResult): string => (result.content[0] as { text: string }).text;

function readAll(pages: ResultPages, start: string): string {
  let read = '';
  for (let page: string | undefined = start; page !== undefined;) {
    const cut: RegExpExecArray | null = CUT.exec(page);
    read += page.slice(0, cut?.index);
    page = cut === null ? undefined : pages.page(cut[1] ?? '');
  }
  return read;
}

it('all pages together are the text, whatever its characters', () => {
  const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 50 }).map((part) => part.repeat(4000));
  fc.assert(
    fc.property(text, (whole) => {
      const pages = new ResultPages('read_more');
      const result = pages.cut({ content: [{ type: 'text', text: whole }] }, { strict: false });
      // A lone half of a character becomes the replacement character, as it would on any wire.
      return readAll(pages, first(result)) === Buffer.from(whole).toString();
    }),
    { numRuns: 30 },
  );
});

describe('a result', () => {
  const pages = new ResultPages('read_more');
  const large = 'x'.repeat(RESULT_BYTES + 1);

  it('that is small goes on as it is', () => {
    const result: CallToolResult = { content: [{ type: 'text', text: 'a' }], structuredContent: { a: 1 } };
    expect(pages.cut(result, { strict: true })).toEqual(result);
  });

  it('that is structured and huge is cut as JSON; where its tool has promised it, as an error', () => {
    const result: CallToolResult = { content: [], structuredContent: { large } };
    expect(pages.cut(result, { strict: false })).toEqual({
      content: [{ type: 'text', text: expect.stringMatching(CUT) as string }],
    });
    expect(pages.cut(result, { strict: true }).isError).toBe(true);
  });

  it('keeps its pictures, and loses those that no model takes', () => {
    const picture = (data: string) => ({ type: 'image' as const, data, mimeType: 'image/png' });
    const result = pages.cut(
      { content: [{ type: 'text', text: large }, picture('AAAA'), picture('A'.repeat(6 * 1024 * 1024))] },
      { strict: false },
    );
    expect(result.content.map(({ type }) => type)).toEqual(['text', 'image', 'text']);
  });

  it.each(['', 'x', '000000000000:0', '../etc', '0:0'])('has no page %j', (cursor) => {
    expect(pages.page(cursor)).toBeUndefined();
  });
});
