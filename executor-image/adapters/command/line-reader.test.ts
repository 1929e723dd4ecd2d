import { describe, expect, it } from 'vitest';
import type { CommandOutput } from '#executor-manager/protocol/command-output';
import { lineReader } from './line-reader.ts';

const OUTPUT: CommandOutput = {
  lines: [
    {
      pattern: '^TOOL (?P<name>\\S+) (?P<rest>.*)$',
      event: 'tool_call',
      fields: { name: { group: 'name' }, input: { group: 'rest' }, id: { value: 'one' } },
    },
    {
      json: { '/type': 'delta', '/choices/0/text': '' },
      event: 'text',
      fields: { text: { pointer: '/choices/0/text' } },
    },
    { pattern: '^#', event: 'nothing' },
  ],
};

describe('the rules of a Shell', () => {
  it.each([
    {
      line: 'TOOL grep -r x',
      event: 'tool_call',
      fields: { name: 'grep', input: '-r x', id: 'one' },
      why: 'a pattern with groups',
    },
    {
      line: '{"type": "delta", "choices": [{"text": "hello"}]}',
      event: 'text',
      fields: { text: 'hello' },
      why: 'JSON with the wanted values',
    },
    {
      line: '{"type": "other"}',
      event: 'text',
      fields: { text: '{"type": "other"}\n' },
      why: 'other JSON is a line as any',
    },
    { line: '{"type": "delta"', event: 'text', fields: { text: '{"type": "delta"\n' }, why: 'broken JSON' },
    { line: '{"__proto__": {"type": "delta"}}', event: 'text', fields: {}, why: 'a field that is inherited' },
    { line: '# nothing', event: 'nothing', fields: {}, why: 'a line of no interest' },
  ])('$why', ({ line, event, fields }) => {
    expect(lineReader(OUTPUT)(line)).toMatchObject({ event, fields });
  });

  it('a line that no rule knows is words, a log line or nothing, as the Shell says', () => {
    expect(lineReader({ otherLines: 'log' })('x')).toEqual({ event: 'log', fields: { text: 'x' } });
    expect(lineReader({ otherLines: 'nothing' })('x').event).toBe('nothing');
    expect(lineReader({})('x')).toEqual({ event: 'text', fields: { text: 'x\n' } });
  });

  it('a pattern that would take other engines for ever takes the time of the line', () => {
    const read = lineReader({ lines: [{ pattern: '^(a+)+$', event: 'log' }] });
    expect(read(`${'a'.repeat(100_000)}!`).event).toBe('text');
  });

  it('a pattern that is none is refused by its place', () => {
    expect(() =>
      lineReader({
        lines: [
          { pattern: 'a', event: 'log' },
          { pattern: '(', event: 'log' },
        ],
      }),
    ).toThrow(/^Shell\.spec\.output\.lines\[1\]\.pattern: /);
  });
});
