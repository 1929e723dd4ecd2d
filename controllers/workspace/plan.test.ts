import { describe, expect, it } from 'vitest';
import type { Workspace, WorkspaceRepository } from '#api/types/generated/workspace';
import { branchNameProblem, gitURLProblem } from './git-address.ts';
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

describe('planWorkspace', () => {
  const workspace = (repository: Partial<WorkspaceRepository>): Workspace => ({
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Workspace',
    metadata: { name: 'w', namespace: 'ns' },
    spec: { repository: { gitUrl: 'https://h/r', branchName: 'main', ...repository } },
  });
  const cases = [
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
      reason: 'half a Secret',
      repository: { secretRef: { name: 's' } },
      keys: ['username'],
      want: 'SecretKeyMissing',
      text: '"password"',
    },
    {
      reason: 'a Secret',
      repository: { secretRef: { name: 's' } },
      keys: ['username', 'password'],
      want: 'Valid',
    },
  ];
  it.each(cases)('$reason', ({ repository, keys, want, text = '' }) => {
    const condition = planWorkspace(workspace(repository), keys && { keys: new Set(keys) });
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
