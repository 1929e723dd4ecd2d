import { describe, expect, it } from 'vitest';
import { checkSyncFlags, nameOfSource, syncSpec } from './sync-flags.ts';
import type { SyncFlags } from './sync-flags.ts';

const flags = (given: Partial<SyncFlags>): SyncFlags => ({ logLevel: 'info', ...given });

describe('the flags of troupe sync', () => {
  it.each([
    { given: { from: 'x' }, name: 'a', says: 'name the Sync with --name' },
    { given: { prune: true }, name: undefined, says: '--prune goes with -f' },
    { given: { serviceAccount: 'a' }, name: 'a', says: '--service-account goes with -f' },
    { given: { once: true }, name: undefined, says: '--once goes with -f or the name of one Sync' },
    { given: { from: 'x', allNamespaces: true }, name: undefined, says: '-A goes with no name' },
  ])('do not go together: $says', ({ given, name, says }) => {
    expect(() => checkSyncFlags(flags(given), name)).toThrow(says);
  });

  it('ask for a spec, and leave out what they do not say', () => {
    const from = 'https://host/team/agents.git';
    expect(syncSpec({ ...flags({ branch: 'main', interval: 30, prune: true, secret: 's' }), from })).toEqual({
      source: { url: from, ref: 'main', secretRef: { name: 's' } },
      intervalSeconds: 30,
      prune: true,
    });
  });

  it.each([
    { from: 'git@host:team/agents.git', url: 'git@host:team/agents.git' },
    { from: '/srv/my agents', url: 'file:///srv/my%20agents' },
  ])('take $from for an address or a path', ({ from, url }) => {
    expect(syncSpec({ ...flags({}), from }).source.url).toBe(url);
  });

  it.each([
    { from: 'https://host/team/My_Agents.git', name: 'my-agents' },
    { from: 'git@host:agents.git', name: 'agents' },
    { from: '/srv/agents/', name: 'agents' },
  ])('name the Sync after $from', ({ from, name }) => {
    expect(nameOfSource(from)).toBe(name);
  });
});
