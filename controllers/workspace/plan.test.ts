import { describe, expect, it } from 'vitest';
import type { Workspace, WorkspaceRepository } from '#api/types/generated/workspace';
import { branchNameProblem, gitURLProblem, subPathProblem } from '#api/types/git-address';
import { planWorkspace } from './plan.ts';

describe('gitURLProblem', () => {
  const good = [
    'https://github.com/a/b.git',
    'http://localhost:3000/a/b',
    'ssh://git@host:22/a/b',
    'git@github.com:a/b.git',
    'git://host/a',
    'file:///srv/repo',
    'host:path/to/repo',
  ];
  it.each(good)('takes %s', (url) => expect(gitURLProblem(url)).toBeUndefined());

  const bad = [
    { reason: 'an option of git', url: '--upload-pack=touch /tmp/x', want: 'begin with "-"' },
    { reason: 'a host that is an option of ssh', url: 'ssh://-oProxyCommand=x/y', want: '' },
    { reason: 'a remote helper', url: 'ext::sh -c x', want: '' },
    { reason: 'a remote helper without spaces', url: 'ext::sh', want: 'remote helper' },
    { reason: 'white space', url: 'https://h/a b', want: 'white space' },
    { reason: 'a line break', url: 'https://h/a\nb', want: 'white space' },
    { reason: 'another scheme', url: 'ftp://h/a', want: 'scheme "ftp"' },
    { reason: 'a path', url: '/srv/repo', want: 'neither a URL' },
    { reason: 'nonsense', url: 'nonsense', want: 'neither a URL' },
    { reason: 'a password', url: 'https://u:p@h/a', want: 'secretRef' },
    { reason: 'a token for a user name', url: 'https://token@h/a', want: 'secretRef' },
  ];
  it.each(bad)('refuses $reason', ({ url, want }) => expect(gitURLProblem(url) ?? 'taken').toContain(want));
  it.each(bad)('refuses $reason: not taken', ({ url }) => expect(gitURLProblem(url)).toBeDefined());
});

describe('branchNameProblem', () => {
  it.each(['main', 'feature/x', 'a.b', 'v1-2_3', 'ü'])('takes %s', (name) =>
    expect(branchNameProblem(name)).toBeUndefined(),
  );
  it.each([
    '',
    '-x',
    'a..b',
    'a b',
    'a~1',
    'a^',
    'a:b',
    'a?',
    'a*',
    'a[',
    'a\\b',
    'a@{1}',
    '@',
    'HEAD',
    '/a',
    'a/',
    'a//b',
    'a.',
    '.a',
    'a/.b',
    'a.lock',
    'a\u0007',
  ])('refuses %j', (name) => expect(branchNameProblem(name)).toBeDefined());
});

describe('subPathProblem', () => {
  it.each(['a', 'a/b', './a', 'a b/ü', '.github'])('takes %s', (path) =>
    expect(subPathProblem(path)).toBeUndefined(),
  );
  it.each(['/etc', '..', 'a/..', '.git/hooks', 'a/.GIT', 'a\\b', 'a\nb'])('refuses %j', (path) =>
    expect(subPathProblem(path)).toBeDefined(),
  );
});

describe('planWorkspace', () => {
  const workspace = (repository: Partial<WorkspaceRepository>): Workspace => ({
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Workspace',
    metadata: { name: 'w', namespace: 'ns' },
    spec: { repository: { gitUrl: 'https://h/r', branchName: 'main', ...repository } },
  });
  interface Case {
    reason: string;
    repository: Partial<WorkspaceRepository>;
    /** Of the Secret; absent: there is none. */
    keys?: string[];
    want: string;
    text?: string;
  }
  const cases: Case[] = [
    { reason: 'good', repository: {}, want: 'Valid' },
    {
      reason: 'bad URL',
      repository: { gitUrl: 'x' },
      want: 'InvalidGitUrl',
      text: 'spec.repository.gitUrl: "x"',
    },
    { reason: 'bad branch', repository: { branchName: 'a..b' }, want: 'InvalidBranchName', text: '"a..b"' },
    { reason: 'no Secret', repository: { secretRef: { name: 's' } }, want: 'SecretNotFound', text: '"ns/s"' },
    {
      reason: 'a user without a password',
      repository: { secretRef: { name: 's' } },
      keys: ['username'],
      want: 'SecretKeyMissing',
      text: '"password" or "token"',
    },
    {
      reason: 'a key for ssh and an address of https',
      repository: { secretRef: { name: 's' } },
      keys: ['ssh-privatekey'],
      want: 'SecretKeyMissing',
      text: '"password" or "token"',
    },
    {
      reason: 'a password and an address of ssh',
      repository: { gitUrl: 'git@h:r.git', secretRef: { name: 's' } },
      keys: ['username', 'password'],
      want: 'SecretKeyMissing',
      text: '"ssh-privatekey"',
    },
    ...[
      { keys: ['username', 'password'] },
      { keys: ['password'] },
      { keys: ['token'] },
      { keys: ['ssh-privatekey'], gitUrl: 'ssh://git@h/r' },
      { keys: ['ssh-privatekey', 'known_hosts'], gitUrl: 'git@h:r' },
      { keys: [], gitUrl: 'git://h/r' },
    ].map(({ keys, gitUrl = 'https://h/r' }) => ({
      reason: `a Secret with ${keys.join(', ') || 'nothing'} for ${gitUrl}`,
      repository: { gitUrl, secretRef: { name: 's' } },
      keys,
      want: 'Valid',
    })),
    { reason: 'a tag and a folder', repository: { ref: 'v1.2', subPath: 'services/api' }, want: 'Valid' },
    { reason: 'a commit', repository: { ref: 'a'.repeat(40) }, want: 'Valid' },
    { reason: 'an option for git', repository: { ref: '--upload-pack=x' }, want: 'InvalidRef' },
    {
      reason: 'a range',
      repository: { ref: 'a..b' },
      want: 'InvalidRef',
      text: 'spec.repository.ref: "a..b"',
    },
    { reason: 'a way out', repository: { subPath: 'a/../../b' }, want: 'InvalidSubPath', text: '".."' },
  ];
  it.each(cases)('$reason', ({ repository, keys, want, text = '' }) => {
    const secret = keys && new Set<string>(keys);
    const condition = planWorkspace(workspace(repository), secret);
    expect(condition.reason).toBe(want);
    expect(condition.message).toContain(text);
  });

  it.each(['https://u:hush@h/r', ' https://u:hush@h/r', 'https://u:a/hush@h/r'])(
    'does not repeat the password of %j',
    (gitUrl) => {
      const condition = planWorkspace(workspace({ gitUrl }), undefined);
      expect(condition.reason).toBe('InvalidGitUrl');
      expect(condition.message).not.toContain('hush');
    },
  );
});
