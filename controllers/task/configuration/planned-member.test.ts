import { describe, expect, it } from 'vitest';
import { redactServers } from './planned-member.ts';

describe('redactServers', () => {
  it.each<{ reason: string; server: Record<string, unknown>; want: Record<string, unknown> }>([
    {
      reason: 'values of variables and headers',
      server: { command: 'mcp', args: ['-v'], env: { A: 'a' }, headers: { B: 'b' } },
      want: { command: 'mcp', args: ['-v'], env: { A: '' }, headers: { B: '' } },
    },
    { reason: 'variables in another form', server: { env: 'A=a' }, want: { env: '' } },
    { reason: 'an address with a key', server: { url: 'https://h/mcp?key=k' }, want: { url: '' } },
    { reason: 'an address with a password', server: { base_url: 'https://u:p@h/' }, want: { base_url: '' } },
    { reason: 'a token', server: { url: 'https://h/', token: 't' }, want: { url: 'https://h/', token: '' } },
    { reason: 'a token in another form', server: { auth: { bearer: 't' } }, want: { auth: '' } },
    {
      reason: 'arguments that are credentials',
      server: {
        args: [
          '-y',
          'mcp',
          '--api-key',
          'k',
          '--token=t',
          'API_KEY=v',
          '--header',
          'Authorization: Bearer b',
          'https://h/?key=k',
          '--verbose',
          '-p',
          '8080',
        ],
      },
      want: { args: ['-y', 'mcp', '--api-key', '', '', '', '--header', '', '', '--verbose', '-p', '8080'] },
    },
    {
      reason: 'nothing else',
      server: { type: 'sse', url: 'https://h/mcp', timeout: 5, command: 'npx' },
      want: { type: 'sse', url: 'https://h/mcp', timeout: 5, command: 'npx' },
    },
  ])('leaves out $reason', ({ server, want }) => {
    expect(redactServers({ one: server })).toEqual({ one: want });
  });
});
