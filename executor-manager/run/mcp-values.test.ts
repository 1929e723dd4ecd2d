import { describe, expect, it } from 'vitest';
import { withRealValues } from './mcp-values.ts';

describe('arguments of an MCP server', () => {
  it.each([
    {
      reason: 'what was left out comes back by position, and nothing else',
      args: ['-y', '--api-key', ''],
      real: ['--changed', '--api-key', 'k'],
      want: ['-y', '--api-key', 'k'],
    },
    {
      reason: 'another number of arguments may mean another program',
      args: ['--api-key', ''],
      real: ['new', '--api-key', 'k'],
      want: ['--api-key', ''],
    },
    { reason: 'the Ghost has none any more', args: [''], real: undefined, want: [''] },
  ])('$reason', ({ args, real, want }) => {
    const servers = withRealValues({ one: { args } }, { one: real === undefined ? {} : { args: real } });
    expect(servers).toEqual({ one: { args: want } });
  });
});
