import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunRepository } from '#executor-manager/protocol/run';
import { prepareRepository } from '#executor-image/workspace/repository';
import { RunFailure } from '#executor-image/run-failure';
import { systemClock } from '#executor-image/clock';
import { freePort } from '#dev/environment/free-port';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { mustRun, run } from '../../kit/command.ts';
import { gitRepository } from '../../kit/git-repository.ts';
import type { GitRepository } from '../../kit/git-repository.ts';
import { httpGitServer } from '../../kit/http-git-server.ts';
import type { HTTPGitServer } from '../../kit/http-git-server.ts';
import { silentServer } from '../../kit/runner.ts';
import { sshGitServer } from '../../kit/ssh-git-server.ts';
import type { SSHGitServer } from '../../kit/ssh-git-server.ts';

const stack = new AsyncDisposableStack();
let folder: string;
let repository: GitRepository;
let secured: HTTPGitServer;
let count = 0;

beforeAll(async () => {
  folder = stack.use(await temporaryFolder('clone')).path;
  repository = stack.use(await gitRepository());
  secured = stack.use(await securedRepository(repository.fileUrl));
});
afterAll(() => stack.disposeAsync());

/** A copy of the repository behind a password. */
async function securedRepository(fileUrl: string): Promise<HTTPGitServer> {
  await mustRun('git', ['clone', '--quiet', '--bare', fileUrl, path.join(folder, 'project.git')]);
  return httpGitServer({ folder, username: 'bob', password: 's3cret-pass' });
}

async function prepare(more: Partial<RunRepository>, volume = `volume-${++count}`, signal?: AbortSignal) {
  const workspace = path.join(folder, volume);
  const home = path.join(folder, `home-${++count}`);
  await mkdir(home, { recursive: true });
  const messages: string[] = [];
  const prepared = await prepareRepository({
    repository: {
      gitUrl: repository.url,
      branch: 'main',
      workBranch: 'work',
      timeoutSeconds: 20,
      ...more,
    },
    workspace,
    home,
    environment: { PATH: process.env['PATH'] ?? '' },
    signal: signal ?? new AbortController().signal,
    clock: systemClock,
    onStatus: (message) => messages.push(message),
  });
  return { ...prepared, workspace, home, messages };
}

const failure = async (more: Partial<RunRepository>): Promise<RunFailure> => {
  const error = await prepare(more).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(RunFailure);
  return error as RunFailure;
};

describe('a clone that works', () => {
  it('is shallow, on its work branch, without the machine’s settings', async () => {
    const { folder: clone, baseCommit, workspace } = await prepare({});
    const git = async (...args: string[]): Promise<string> =>
      (await mustRun('git', ['-C', clone, ...args])).trim();
    expect(await git('symbolic-ref', '--short', 'HEAD')).toBe('work');
    expect(await git('rev-parse', 'HEAD')).toBe(baseCommit);
    expect(await git('rev-parse', '--is-shallow-repository')).toBe('true');
    expect(await git('remote', 'get-url', 'origin')).toBe(repository.url);
    expect(await readdir(workspace)).toEqual(['repo']);
  });

  it('goes on with what the workspace has: branch, commits, changes, and past the lock of a killed git', async () => {
    const first = await prepare({}, 'shared');
    await writeFile(path.join(first.folder, 'work.txt'), 'done');
    await mustRun('git', ['-C', first.folder, 'add', '.']);
    await mustRun('git', [
      ...['-C', first.folder, '-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-qm', 'Work'],
    ]);
    await writeFile(path.join(first.folder, 'half.txt'), 'not committed');
    await writeFile(path.join(first.folder, '.git/index.lock'), '');
    const second = await prepare({ gitUrl: 'git://127.0.0.1:9/is-not-asked' }, 'shared');
    expect(second.baseCommit).not.toBe(first.baseCommit);
    expect(await readFile(path.join(second.folder, 'half.txt'), 'utf8')).toBe('not committed');
    const third = await prepare({ workBranch: 'another' }, 'shared');
    expect(third.baseCommit, 'a new branch begins where the work ended').toBe(second.baseCommit);
  });

  it.each([
    { left: ['checkout', '-q', '-b', 'feature'], stands: 'feature', says: 'on branch feature' },
    { left: ['checkout', '-q', '--detach'], stands: undefined, says: 'at commit ' },
  ])('goes on where the run before has left for: $says', async ({ left, stands, says }) => {
    const workspace = `left-${++count}`;
    const { folder: clone } = await prepare({}, workspace);
    const git = async (...args: string[]): Promise<string> =>
      (await mustRun('git', ['-C', clone, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args])).trim();
    await git(...left);
    await git('commit', '-q', '--allow-empty', '-m', 'Work');
    await writeFile(
      path.join(clone, 'README.md'),
      'changed, so that another branch could not be checked out',
    );
    const { baseCommit, messages } = await prepare({}, workspace);
    expect(baseCommit).toBe(await git('rev-parse', 'HEAD'));
    expect(await git('log', '-1', '--format=%s')).toBe('Work');
    expect((await run('git', ['-C', clone, 'symbolic-ref', '--short', 'HEAD'])).stdout.trim()).toBe(
      stands ?? '',
    );
    expect(messages).toEqual([
      `Going on with the clone of ${repository.url}, ${messages[0]?.split(', ')[1]}`,
    ]);
    expect(messages[0]).toContain(says);
  });

  it('takes the files of a run that has removed its repository as changes of a fresh clone', async () => {
    const { folder: clone, workspace } = await prepare({}, 'removed');
    await rm(path.join(clone, '.git'), { recursive: true });
    await writeFile(path.join(clone, 'new.txt'), 'new');
    await writeFile(path.join(clone, 'README.md'), 'changed');
    const { messages } = await prepare({}, 'removed');
    expect(await mustRun('git', ['-C', clone, 'status', '--porcelain'])).toBe(' M README.md\n?? new.txt\n');
    expect(messages.at(-1)).toContain('has removed its repository');
    expect(await readdir(workspace)).toEqual(['repo']);
  });

  it('begins again after a clone that was cut off', async () => {
    await mkdir(path.join(folder, 'cut/repo.cloning/.git'), { recursive: true });
    const { workspace } = await prepare({}, 'cut');
    expect(await readdir(workspace)).toEqual(['repo']);
  });

  it.each([
    { reason: 'as the Workspace gives it', url: (base: string) => base, given: true },
    {
      reason: 'out of the URL',
      url: (base: string) => base.replace('http://', 'http://bob:s3cret-pass@'),
      given: false,
    },
  ])('uses the credential $reason, and leaves no trace of it', async ({ url, given }) => {
    const credential = { username: 'bob', password: 's3cret-pass' };
    const { folder: clone, messages } = await prepare({
      gitUrl: url(secured.url),
      ...(given ? { credential } : {}),
    });
    expect(await mustRun('git', ['-C', clone, 'log', '--format=%s'])).toBe('First\n');
    const traces = await run('grep', ['-r', 's3cret-pass', clone]);
    expect(traces.stdout).toBe('');
    expect(messages.join()).not.toContain('s3cret-pass');
  });
});

describe('a clone that fails says why', () => {
  it.each([
    { reason: 'empty', gitUrl: ' ', says: "the repository's URL is empty" },
    { reason: 'no URL', gitUrl: 'not a url', says: 'is not one that git can clone' },
    { reason: 'a local path', gitUrl: '/etc', says: 'is not one that git can clone' },
    { reason: 'an option', gitUrl: '--upload-pack=touch /tmp/x', says: 'is not one that git can clone' },
    { reason: 'a helper that runs commands', gitUrl: 'ext::sh -c "id"', says: 'names a remote helper' },
    { reason: 'an unknown protocol', gitUrl: 'ftp://127.0.0.1/x.git', says: 'protocol ftp is not allowed' },
    { reason: 'no such host', gitUrl: 'https://nowhere.invalid/x.git', says: 'host nowhere.invalid of' },
    { reason: 'no such file', gitUrl: 'file:///nowhere/x.git', says: 'there is no repository at' },
    {
      reason: 'no such repository',
      gitUrl: () => repository.url.replace('project', 'none'),
      says: 'there is no repository at',
    },
    {
      reason: '404',
      gitUrl: () => secured.url.replace('project', 'missing'),
      says: 'there is no repository at',
    },
    {
      reason: 'no such branch',
      gitUrl: () => repository.url,
      branch: 'nope',
      says: 'branch "nope" does not exist in git://',
    },
    {
      reason: 'a bad work branch',
      gitUrl: () => repository.url,
      workBranch: 'a..b',
      says: '"a..b" is not a name for a branch',
    },
    {
      reason: 'a credential that is missing',
      gitUrl: () => secured.url,
      says: 'asks for a credential, and none is given that fits',
    },
    {
      reason: 'a credential that is refused',
      gitUrl: () => secured.url,
      credential: { username: 'bob', password: 'wrong-password' },
      credentialName: 'Secret "ns/git" (key password)',
      says: 'refused the credential of Secret "ns/git" (key password)',
    },
  ])('$reason', async ({ gitUrl, says, ...more }) => {
    const { reason: _, ...fields } = more;
    const error = await failure({ gitUrl: typeof gitUrl === 'string' ? gitUrl : gitUrl(), ...fields });
    expect(error.reason).toBe('CloneFailed');
    expect(error.message).toContain(says);
    expect(error.message).not.toContain('wrong-password');
    expect(error.message.split('\n')).toHaveLength(1);
  });

  it('a server that nobody listens at', async () => {
    const error = await failure({ gitUrl: `git://127.0.0.1:${await freePort()}/x.git` });
    expect(error.message).toContain('cannot be reached');
  });

  it('a server that never answers', async () => {
    await using silent = await silentServer();
    const error = await failure({ gitUrl: `git://127.0.0.1:${silent.port}/x.git`, timeoutSeconds: 1 });
    expect(error.message).toContain('took longer than 1 s');
  });

  it('ends at once when the run is cancelled', async () => {
    await using silent = await silentServer();
    const stop = new AbortController();
    const prepared = prepare({ gitUrl: `git://127.0.0.1:${silent.port}/x.git` }, 'stopped', stop.signal);
    stop.abort(new Error('stop it'));
    await expect(prepared).rejects.toThrow('stop it');
    expect(await readdir(path.join(folder, 'stopped')).catch(() => [])).toEqual([]);
  });
});

describe('over ssh', () => {
  let server: SSHGitServer;
  beforeAll(async () => {
    server = stack.use(await sshGitServer(fileURLToPath(repository.fileUrl)));
  });
  const credentialName = 'Secret "ns/git" (key ssh-privatekey)';

  it.each([
    { reason: 'a host that is known', known: () => server.knownHosts },
    { reason: 'a host that nobody said', known: undefined },
    {
      reason: 'a key with the line breaks of Windows',
      known: undefined,
      key: () => server.key.replaceAll('\n', '\r\n'),
    },
  ])('uses the key for $reason, and leaves no trace of it', async ({ known, key = () => server.key }) => {
    const sshKey = { privateKey: key().trim(), ...(known === undefined ? {} : { knownHosts: known() }) };
    const { folder: clone, home } = await prepare({ gitUrl: server.url, sshKey, credentialName });
    expect(await mustRun('git', ['-C', clone, 'log', '--format=%s'])).toBe('First\n');
    const middle = server.key.split('\n')[2] ?? '';
    expect((await run('grep', ['-rF', middle, clone, home])).stdout).toBe('');
  });

  it.each([
    {
      reason: 'another key',
      sshKey: () => ({ privateKey: server.otherKey }),
      says: `refused the credential of ${credentialName}`,
    },
    {
      reason: 'what is no key',
      sshKey: () => ({ privateKey: 'c2VjcmV0' }),
      says: `the SSH key of ${credentialName} cannot be read`,
    },
    {
      reason: 'another host',
      sshKey: () => ({
        privateKey: server.key,
        knownHosts: server.knownHosts.replace(/AAAA.*$/, server.otherKey.split('\n')[1] ?? ''),
      }),
      says: 'the host key of ssh://git@127.0.0.1:',
    },
  ])('says so for $reason', async ({ sshKey, says }) => {
    const error = await failure({ gitUrl: server.url, sshKey: sshKey(), credentialName });
    expect(error.message).toContain(says);
  });

  it('asks for a key', async () => {
    expect((await failure({ gitUrl: server.url })).message).toContain('refused access without a credential');
  });
});
