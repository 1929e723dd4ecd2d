import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchGitSkill } from '#executor-image/skills/git-skill';
import type { RepositoryAccess } from '#executor-manager/protocol/run';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { mustRun } from '../../kit/command.ts';
import { httpGitServer } from '../../kit/http-git-server.ts';
import type { HTTPGitServer } from '../../kit/http-git-server.ts';
import { sshGitServer } from '../../kit/ssh-git-server.ts';
import type { SSHGitServer } from '../../kit/ssh-git-server.ts';

const stack = new AsyncDisposableStack();
let root: string;
let work: string;
let http: HTTPGitServer;
let ssh: SSHGitServer;
let first: string;

const SKILL = '---\nname: pdf\ndescription: Reads PDF files.\n---\n\nRead them.\n';
const git = async (...args: string[]): Promise<string> =>
  (await mustRun('git', ['-C', work, '-c', 'user.name=T', '-c', 'user.email=t@example.com', ...args])).trim();

beforeAll(async () => {
  root = stack.use(await temporaryFolder('git-skills')).path;
  work = path.join(root, 'project.git');
  await mkdir(path.join(work, 'skills/pdf/scripts'), { recursive: true });
  await git('init', '--quiet', '--initial-branch=main');
  await writeFile(path.join(work, 'README.md'), 'Skills.\n');
  await writeFile(path.join(work, 'skills/pdf/SKILL.md'), SKILL);
  await writeFile(path.join(work, 'skills/pdf/scripts/read.sh'), '#!/bin/sh\n', { mode: 0o755 });
  // These attributes would change the files where they are checked out or exported.
  await writeFile(path.join(work, '.gitattributes'), '* export-subst text eol=crlf\n');
  await git('add', '.');
  await git('commit', '--quiet', '-m', 'First');
  first = await git('rev-parse', 'HEAD');
  await git('tag', '-a', 'v1', '-m', 'One');
  await writeFile(path.join(work, 'skills/pdf/SKILL.md'), `${SKILL}Better.\n`);
  await git('commit', '--quiet', '-am', 'Second');
  http = stack.use(await httpGitServer({ folder: root, username: 'bob', password: 's3cret-pass' }));
  ssh = stack.use(await sshGitServer(work));
});
afterAll(() => stack.disposeAsync());

interface Wanted {
  ref?: string;
  path?: string;
  repository?: RepositoryAccess;
}

async function fetchSkill(wanted: Wanted) {
  const { repository = { gitUrl: http.url, credential: { username: 'bob', password: 's3cret-pass' } } } =
    wanted;
  const { ref, path: at } = wanted;
  await using temporary = await temporaryFolder('fetched');
  const folder = temporary.path;
  try {
    return await fetchGitSkill({
      skill: {
        repository,
        ...(ref === undefined ? {} : { ref }),
        ...(at === undefined ? {} : { path: at }),
      },
      folder,
      environment: { PATH: process.env['PATH'] ?? '' },
      signal: AbortSignal.timeout(20_000),
    });
  } finally {
    expect(await readdir(folder), 'nothing is left').toEqual([]);
  }
}

/** A commit on a branch of its own with exactly these entries, as `git update-index --cacheinfo` takes them. */
async function commitOf(entries: readonly string[]): Promise<string> {
  await git('read-tree', '--empty');
  for (const entry of entries) await git('update-index', '--add', '--cacheinfo', entry);
  return commitTree(await git('write-tree'));
}

async function commitTree(tree: string): Promise<string> {
  const commit = await git('commit-tree', tree, '-m', 'Made up');
  await git('update-ref', `refs/heads/made-up-${commit}`, commit);
  return commit;
}

const blob = (text: string): Promise<string> =>
  mustRun('sh', ['-c', `printf %s "$1" | git -C "$2" hash-object -w --stdin`, 'sh', text, work]).then((id) =>
    id.trim(),
  );

describe('a skill in a repository', () => {
  it('is read as the commit has it, whatever attributes say', async () => {
    const { commit, files } = await fetchSkill({ path: 'skills/pdf' });
    expect(commit).toBe(await git('rev-parse', 'main'));
    expect(files.map(({ path: name, executable }) => [name, executable])).toEqual([
      ['SKILL.md', false],
      ['scripts/read.sh', true],
    ]);
    expect(files[0]?.content.toString()).toBe(`${SKILL}Better.\n`);
  });

  it.each([
    { reason: 'a branch', ref: 'main', is: 'main' },
    { reason: 'an annotated tag', ref: 'v1', is: 'v1^{commit}' },
    { reason: 'a full name', ref: 'refs/tags/v1', is: 'v1^{commit}' },
    { reason: 'nothing', ref: undefined, is: 'main' },
  ])('is that of $reason', async ({ ref, is }) => {
    const { commit } = await fetchSkill({ ...(ref === undefined ? {} : { ref }), path: './skills/pdf/' });
    expect(commit).toBe(await git('rev-parse', is));
  });

  it('is that of a commit', async () => {
    const { commit, files } = await fetchSkill({ ref: first, path: 'skills/pdf' });
    expect(commit).toBe(first);
    expect(files[0]?.content.toString()).toBe(SKILL);
  });

  it('comes over ssh with a key', async () => {
    const sshKey = { privateKey: ssh.key, knownHosts: ssh.knownHosts };
    const { files } = await fetchSkill({ path: 'skills/pdf', repository: { gitUrl: ssh.url, sshKey } });
    expect(files).toHaveLength(2);
  });

  it.each<[string, () => Wanted, string]>([
    [
      'a folder that is not there',
      () => ({ path: 'skills/doc' }),
      '"skills/doc" is not a folder of the repository',
    ],
    [
      'a file in place of a folder',
      () => ({ path: 'README.md' }),
      '"README.md" is not a folder of the repository',
    ],
    ['a ref that is not there', () => ({ ref: 'v2' }), '"v2" does not exist in'],
    ['no credential', () => ({ repository: { gitUrl: http.url } }), 'asks for a credential'],
    [
      'a wrong credential',
      () => ({
        repository: {
          gitUrl: http.url,
          credential: { username: 'bob', password: 'wrong-pass' },
          credentialName: 'Secret "a/b" (key password)',
        },
      }),
      'refused the credential of Secret "a/b" (key password)',
    ],
    [
      'another key',
      () => ({ repository: { gitUrl: ssh.url, sshKey: { privateKey: ssh.otherKey } } }),
      'refused the credential of',
    ],
    ['a remote helper', () => ({ repository: { gitUrl: 'ext::sh -c x' } }), 'names a remote helper'],
  ])('is told for %s', async (_, wanted, message) => {
    await expect(fetchSkill(wanted())).rejects.toThrow(message);
  });
});

describe('a hostile repository', () => {
  it('with a link is refused before anything is read', async () => {
    const ref = await commitOf([
      `100644,${await blob(SKILL)},SKILL.md`,
      `120000,${await blob('/etc/passwd')},passwd`,
    ]);
    await expect(fetchSkill({ ref })).rejects.toThrow('"passwd" is a symbolic link; only files are allowed');
  });

  it('with a submodule is refused', async () => {
    const ref = await commitOf([`100644,${await blob(SKILL)},SKILL.md`, `160000,${first},module`]);
    await expect(fetchSkill({ ref })).rejects.toThrow('"module" is a submodule; only files are allowed');
  });

  it('with a name that leads out is refused', async () => {
    const file = Buffer.from(await blob('x'), 'hex');
    const raw = Buffer.concat([Buffer.from('100644 ..\\x\0'), file]);
    const tree = await mustRun('sh', [
      '-c',
      `printf %s "$1" | base64 -d | git -C "$2" hash-object -t tree --literally -w --stdin`,
      ...['sh', raw.toString('base64'), work],
    ]);
    await expect(fetchSkill({ ref: await commitTree(tree.trim()) })).rejects.toThrow('has a backslash');
  });

  it('whose tree holds itself ten times over, ten times in each other, is refused at once', async () => {
    const level = async (entry: (name: number) => string): Promise<string> => {
      const lines = Array.from({ length: 10 }, (_, name) => entry(name)).join('\n');
      const made = await mustRun('sh', ['-c', `printf '%s\\n' "$1" | git -C "$2" mktree`, 'sh', lines, work]);
      return made.trim();
    };
    const file = await blob('x');
    let tree = await level((name) => `100644 blob ${file}\tf${name}`);
    for (let depth = 0; depth < 9; depth++) {
      const inner = tree;
      tree = await level((name) => `040000 tree ${inner}\td${name}`);
    }
    await expect(fetchSkill({ ref: await commitTree(tree) })).rejects.toThrow('more than 1000 files');
  });

  it('with a file that packs well is refused by its size', async () => {
    const big = path.join(root, 'big');
    await writeFile(big, Buffer.alloc(9 * 1024 * 1024));
    const id = await git('hash-object', '-w', big);
    const ref = await commitOf([`100644,${id},zeros`]);
    await expect(fetchSkill({ ref })).rejects.toThrow('the files have more than 8388608 bytes ("zeros")');
  });
});
