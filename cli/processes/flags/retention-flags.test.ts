import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addRetentionFlags, historyOf, retentionOf } from './retention-flags.ts';
import type { RetentionFlags } from './retention-flags.ts';

function parse(...flags: string[]): RetentionFlags {
  const command = addRetentionFlags(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  return command.parse(flags, { from: 'user' }).opts<RetentionFlags>();
}

describe('flags of retention', () => {
  it('leave the defaults alone when none is given', () => {
    expect([historyOf(parse()), retentionOf(parse())]).toEqual([{}, {}]);
  });

  it('set how much history there is', () => {
    const flags = parse('--history-window=1h', '--history-min-revisions=500', '--history-max-revisions=9000');
    expect(historyOf(flags)).toEqual({ windowMs: 3_600_000, minRevisions: 500, maxRevisions: 9_000 });
  });

  it('set how long things are kept', () => {
    const flags = parse(
      '--event-ttl=2h',
      '--deleted-tasks-ttl=24h',
      '--finished-tasks-ttl=1m',
      '--task-log-ttl=30s',
    );
    expect(retentionOf(flags)).toEqual({
      events: 7_200_000,
      deletedTasks: 86_400_000,
      finishedTasks: 60_000,
      taskLogs: 30_000,
    });
  });

  it('read 0 as never, and for deleted Tasks as at once', () => {
    const flags = parse(
      '--event-ttl=0',
      '--deleted-tasks-ttl=0',
      '--finished-tasks-ttl=0',
      '--task-log-ttl=0',
    );
    expect(retentionOf(flags)).toEqual({
      events: undefined,
      deletedTasks: 0,
      finishedTasks: undefined,
      taskLogs: undefined,
    });
  });

  it.each([
    ['--history-window=10s'],
    ['--history-window=48h'],
    ['--history-min-revisions=5'],
    ['--history-max-revisions=x'],
    ['--event-ttl=1s'],
    ['--event-ttl=1000h'],
    ['--deleted-tasks-ttl=-1s'],
    ['--finished-tasks-ttl=9999999h'],
  ])('refuse %s', (flag) => {
    expect(() => parse(flag)).toThrow(/expected/);
  });
});
