import { describe, expect, it } from 'vitest';
import { gitCredential } from './git-credential.ts';

const of = (gitUrl: string, data: Record<string, string>) =>
  gitCredential({ gitUrl, shown: 'Secret "ns/s"', value: (key) => data[key] });

describe('gitCredential', () => {
  it.each([
    {
      reason: 'user and password',
      data: { username: 'u', password: 'p' },
      want: { credential: { username: 'u', password: 'p' }, credentialName: 'Secret "ns/s" (key password)' },
    },
    {
      reason: 'a token alone',
      data: { token: 't' },
      want: {
        credential: { username: 'x-access-token', password: 't' },
        credentialName: 'Secret "ns/s" (key token)',
      },
    },
    {
      reason: 'a password alone, for a service that wants a certain user',
      gitUrl: 'https://gitlab.com/a/b.git',
      data: { password: 't', username: undefined },
      want: { credential: { username: 'oauth2', password: 't' } },
    },
    {
      reason: 'another such service',
      gitUrl: 'https://bitbucket.org/a/b.git',
      data: { token: 't' },
      want: { credential: { username: 'x-token-auth', password: 't' } },
    },
    {
      reason: 'a key for ssh',
      gitUrl: 'git@h:a.git',
      data: { 'ssh-privatekey': 'k', known_hosts: 'h ssh-ed25519 A', password: 'p' },
      want: {
        sshKey: { privateKey: 'k', knownHosts: 'h ssh-ed25519 A' },
        credentialName: 'Secret "ns/s" (key ssh-privatekey)',
      },
    },
    {
      reason: 'an address that knows no credentials',
      gitUrl: 'git://h/a',
      data: { password: 'p' },
      want: {},
    },
  ])('$reason', ({ gitUrl = 'https://h/a.git', data, want }) => {
    expect(of(gitUrl, data as Record<string, string>)).toMatchObject(want);
  });

  it.each([
    {
      gitUrl: 'https://h/a',
      data: { 'ssh-privatekey': 'k' },
      says: 'no value under "password" or "token", which https',
    },
    { gitUrl: 'https://h/a', data: { password: '' }, says: 'no value under "password" or "token"' },
    { gitUrl: 'git@h:a', data: { password: 'p' }, says: 'no value under "ssh-privatekey", which ssh needs' },
  ])('$gitUrl: $says', ({ gitUrl, data, says }) => {
    expect(() => of(gitUrl, data as unknown as Record<string, string>)).toThrow(`Secret "ns/s" has ${says}`);
  });
});
