import { describe, expect, it } from 'vitest';
import { repositoryURL } from './repository-url.ts';

const of = (gitUrl: string, credential?: { username: string; password: string }) =>
  repositoryURL({
    gitUrl,
    ...(credential === undefined ? {} : { credential }),
  });

describe('repository URL', () => {
  it.each([
    { given: 'https://host/a/b.git', url: 'https://host/a/b.git' },
    { given: 'git@host:a/b.git', url: 'git@host:a/b.git' },
    { given: 'ssh://git@host:22/a.git', url: 'ssh://git@host:22/a.git' },
    { given: 'file:///srv/a.git', url: 'file:///srv/a.git' },
    {
      given: 'https://bob:p%40ss@host/a.git',
      url: 'https://host/a.git',
      credential: { username: 'bob', password: 'p@ss' },
    },
    { given: 'https://bob@host/a.git', url: 'https://host/a.git' },
  ])('$given', ({ given, ...wanted }) => {
    expect(of(given)).toEqual(wanted);
  });

  it('prefers the Workspace’s credential to the one in the URL', () => {
    const credential = { username: 'ann', password: 'other' };
    expect(of('https://bob:pass@host/a.git', credential)).toEqual({ url: 'https://host/a.git', credential });
  });

  it.each([
    '',
    '   ',
    'a',
    './a',
    '/etc',
    '-x',
    '--upload-pack=x',
    'ext::sh -c id',
    'fd::17',
    'https://',
    'http://[x',
  ])('refuses %o', (given) => {
    expect(() => of(given)).toThrow("the repository's URL");
  });
});
