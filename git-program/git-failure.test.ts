import { describe, expect, it } from 'vitest';
import { gitFailure } from './git-failure.ts';

const FACTS = { url: 'https://host/a.git', branch: 'main', credential: undefined };

/** What programs print that no test here can bring about; the others are in test/integration/executor-image. */
describe('a failure of git', () => {
  it.each([
    {
      stderr:
        "fatal: unable to access 'https://host/a.git/': SSL certificate problem: self-signed certificate",
      says: 'the certificate of https://host/a.git is not trusted: self-signed certificate',
    },
    {
      stderr: 'git@host: Permission denied (publickey).\nfatal: Could not read from remote repository.',
      says: 'https://host/a.git refused access without a credential',
    },
    {
      stderr: 'remote: Invalid username or token.\nfatal: Authentication failed',
      credential: 'Secret "ns/s"',
      says: 'https://host/a.git refused the credential of Secret "ns/s"',
    },
    {
      stderr: 'remote: Repository not found.\nfatal: repository x not found',
      says: 'there is no repository at',
    },
    { stderr: 'Host key verification failed.', says: 'the host key of https://host/a.git' },
    { stderr: 'fatal: write error: No space left on device', says: 'no space is left' },
    { stderr: 'ssh: connect to host h port 22: Connection refused', says: 'cannot be reached' },
    { stderr: 'warning: x\nfatal: early EOF', says: 'cloning https://host/a.git failed: early EOF' },
    { stderr: '', says: 'cloning https://host/a.git failed: git gave no reason' },
  ])('$says', ({ stderr, says, ...more }) => {
    expect(gitFailure(stderr, { ...FACTS, ...more })).toContain(says);
  });
});
