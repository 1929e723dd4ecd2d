import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addEdgeFlags, edgeOf } from './edge-flags.ts';
import type { EdgeFlags } from './edge-flags.ts';

function edge(...flags: string[]): object {
  const command = addEdgeFlags(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  return edgeOf(command.parse(flags, { from: 'user' }).opts<EdgeFlags>());
}

describe('flags of the edge', () => {
  it('leave the defaults alone', () => {
    expect(edge()).toEqual({});
  });

  it.each([
    [
      ['--rate-limit=login=5/min,50/h', '--rate-limit=api=none', '--rate-limit=sensitive=7/10s'],
      {
        rates: {
          login: [
            { requests: 5, seconds: 60 },
            { requests: 50, seconds: 3600 },
          ],
          api: [],
          sensitive: [{ requests: 7, seconds: 10 }],
        },
      },
    ],
    [['--trusted-proxy=10.0.0.0/8', '--trusted-proxy=::1'], { trustedProxies: ['10.0.0.0/8', '::1'] }],
    [
      ['--cors-allowed-origins=^https://a$, ^https://b$'],
      { corsAllowedOrigins: ['^https://a$', '^https://b$'] },
    ],
    [
      ['--strict-transport-security-directives=max-age=60,preload'],
      { strictTransportSecurity: ['max-age=60', 'preload'] },
    ],
  ])('%j', (flags, want) => {
    expect(edge(...flags)).toEqual(want);
  });

  it.each([['login'], ['other=1/s'], ['api=0/s'], ['api=1/day'], ['api=1']])(
    'refuses --rate-limit %s',
    (rate) => {
      expect(() => edge(`--rate-limit=${rate}`)).toThrow(/expected/);
    },
  );
});
