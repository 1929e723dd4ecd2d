import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addApiFlags, limitsOf, parseListen } from './flags.ts';
import type { ApiFlags } from './flags.ts';

describe('parseListen', () => {
  it.each([
    ['127.0.0.1:7443', { host: '127.0.0.1', port: 7443 }, 'an IPv4 address'],
    [':8080', { host: '0.0.0.0', port: 8080 }, 'no host means every address'],
    ['[::1]:0', { host: '::1', port: 0 }, 'IPv6 in brackets, port 0 for a free one'],
    ['api.local:443', { host: 'api.local', port: 443 }, 'a host name'],
  ])('%s', (text, want, reason) => {
    expect(parseListen(text), reason).toEqual(want);
  });

  it.each([
    ['7443', 'a port alone'],
    ['127.0.0.1', 'a host alone'],
    ['127.0.0.1:70000', 'a port out of range'],
    ['::1:80', 'IPv6 without brackets is ambiguous'],
    ['host:80:90', 'two ports'],
  ])('refuses %s', (text, reason) => {
    expect(() => parseListen(text), reason).toThrow(/expected HOST:PORT/);
  });
});

describe('limits', () => {
  function limits(...flags: string[]): object {
    const command = addApiFlags(new Command())
      .exitOverride()
      .configureOutput({ writeErr: () => undefined });
    return limitsOf(command.parse(flags, { from: 'user' }).opts<ApiFlags>());
  }

  it('are the defaults without flags', () => {
    expect(limits()).toEqual({});
  });

  it("are set by kube-apiserver's flags", () => {
    expect(
      limits('--max-requests-inflight=7', '--max-mutating-requests-inflight=5', '--request-timeout=1m30s'),
    ).toEqual({ reads: 7, writes: 5, requestMs: 90_000 });
  });

  it('are set for each user', () => {
    expect(limits('--max-requests-inflight-per-user=3', '--max-streams-per-user=2')).toEqual({
      perUser: 3,
      longRunningPerUser: 2,
    });
  });

  it.each([
    ['--max-requests-inflight=0'],
    ['--max-streams-per-user=x'],
    ['--request-timeout=0s'],
    ['--request-timeout=48h'],
  ])('refuses %s', (flag) => {
    expect(() => limits(flag)).toThrow(/expected/);
  });
});
