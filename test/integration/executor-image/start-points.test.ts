import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '#executor-image/clock';
import { prepareRepository } from '#executor-image/workspace/repository';
import type { RunRepository } from '#executor-manager/protocol/run';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { mustRun } from '../../kit/command.ts';
import { gitRepository } from '../../kit/git-repository.ts';
import type { GitRepository } from '../../kit/git-repository.ts';

/** Where work begins, and what of a repository comes with it: real git, served by its own daemon. */
const stack = new AsyncDisposableStack();
let folder: string;
let origin: GitRepository;
let count = 0;

beforeAll(async () => {
  folder = stack.use(await temporaryFolder('start')).path;
});
afterAll(() => stack.disposeAsync());
beforeEach(async () => {
  origin = stack.use(await gitRepository());
});

const IDENTITY = ['-c', 'user.name=a', '-c', 'user.email=a@b', '-c', 'protocol.file.allow=always'];
const gitIn = async (where: string, ...args: string[]): Promise<string> =>
  (await mustRun('git', ['-C', where, ...IDENTITY, ...args])).trim();
const remote = (...args: string[]): Promise<string> => gitIn(fileURLToPath(origin.fileUrl), ...args);
const commit = async (name: string, text: string): Promise<string> => {
  const file = path.join(fileURLToPath(origin.fileUrl), name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
  await remote('add', '.');
  await remote('commit', '--quiet', '--message', name);
  return remote('rev-parse', 'HEAD');
};

async function prepare(more: Partial<RunRepository> = {}, volume = `volume-${++count}`) {
  const home = path.join(folder, `home-${++count}`);
  await mkdir(home);
  const messages: string[] = [];
  const prepared = await prepareRepository({
    repository: {
      ...{ gitUrl: origin.url, branch: 'main', workBranch: 'troupe/t', timeoutSeconds: 20 },
      ...more,
    },
    workspace: path.join(folder, volume),
    home,
    environment: { PATH: process.env['PATH'] ?? '' },
    signal: new AbortController().signal,
    clock: systemClock,
    onStatus: (message) => messages.push(message),
  });
  const git = (...args: string[]): Promise<string> => gitIn(prepared.folder, ...args);
  return { ...prepared, volume, messages, git, branch: () => git('symbolic-ref', '--short', 'HEAD') };
}

describe('the work branch', () => {
  it.each([
    {
      reason: 'the branch is its folder',
      make: ['branch', '-m', 'troupe'],
      branch: 'troupe',
      want: 'troupe-t',
    },
    { reason: 'another branch is its folder', make: ['branch', 'troupe'], want: 'troupe-t' },
    { reason: 'it is there', make: ['branch', 'troupe/t'], want: 'troupe/t-2' },
    {
      reason: 'it is the branch itself',
      make: ['branch', '-m', 'troupe/t'],
      branch: 'troupe/t',
      want: 'troupe/t-2',
    },
    { reason: 'it is a folder of branches', make: ['branch', 'troupe/t/x'], want: 'troupe/t-2' },
  ])(
    'gets another name when $reason, and keeps it in the next run',
    async ({ make, branch = 'main', want }) => {
      await remote(...make);
      const first = await prepare({ branch });
      expect(await first.branch()).toBe(want);
      expect(await first.git('rev-parse', '--abbrev-ref', `${branch}@{upstream}`)).toBe(`origin/${branch}`);
      await first.git('commit', '--quiet', '--allow-empty', '--message', 'Work');
      const second = await prepare({ branch }, first.volume);
      expect(await second.branch()).toBe(want);
      const other = await prepare({ branch, workBranch: 'troupe/t@next' }, first.volume);
      expect(await other.git('log', '-1', '--format=%s')).toBe('Work');
    },
  );
});

describe('the start', () => {
  it('an empty repository: a branch without a commit', async () => {
    const empty = path.join(folder, 'empty.git');
    await mustRun('git', ['init', '--quiet', '--bare', empty]);
    const first = await prepare({ gitUrl: `file://${empty}` });
    expect(first.baseCommit).toBeUndefined();
    expect(await first.branch()).toBe('troupe/t');
    const second = await prepare({ gitUrl: `file://${empty}` }, first.volume);
    expect(second.baseCommit).toBeUndefined();
    await second.git('commit', '--quiet', '--allow-empty', '--message', 'First');
    const third = await prepare({ gitUrl: `file://${empty}` }, first.volume);
    expect(third.baseCommit).toBe(await third.git('rev-parse', 'troupe/t'));
  });

  it.each([
    { reason: 'a tag', make: ['tag', '--annotate', '--message=x', 'v1'], ref: 'v1' },
    { reason: 'a tag in the place of a branch', make: ['tag', 'v1'], branch: 'v1' },
    { reason: 'another branch', make: ['branch', 'other'], ref: 'other' },
    {
      reason: 'the branch of a change',
      make: ['update-ref', 'refs/pull/7/head', 'HEAD'],
      ref: 'refs/pull/7/head',
    },
  ])('$reason', async ({ make, ...start }) => {
    const old = await commit('old', 'x');
    await remote(...make);
    await commit('new', 'x');
    const { baseCommit, branch } = await prepare(start);
    expect(baseCommit).toBe(old);
    expect(await branch()).toBe('troupe/t');
  });

  it('a commit, from a server that gives it and from one that does not', async () => {
    const old = await commit('old', 'x');
    await commit('new', 'x');
    expect((await prepare({ ref: old })).baseCommit).toBe(old);
    // Protocol 0 knows only the ends of branches, which is what old servers speak.
    await remote('config', 'protocol.version', '0');
    await remote('config', 'uploadpack.allowAnySHA1InWant', 'false');
    expect((await prepare({ ref: old })).baseCommit).toBe(old);
    await expect(prepare({ ref: 'b'.repeat(40) })).rejects.toMatchObject({
      reason: 'CloneFailed',
      message: `commit ${'b'.repeat(40)} does not exist in ${origin.url}`,
    });
  });

  it('a folder of the repository', async () => {
    await commit('services/api/main.ts', 'x');
    const { folder: root, workFolder } = await prepare({ subPath: 'services/api' });
    expect(workFolder).toBe(path.join(root, 'services/api'));
  });

  it.each([
    { subPath: 'nowhere', says: '"nowhere" is not a folder of the repository' },
    { subPath: 'README.md', says: '"README.md" is not a folder of the repository' },
    { subPath: '../..', says: '"../.." leads out of the repository' },
    { subPath: 'out', says: '"out" leads out of the repository' },
  ])('no folder at $subPath: $says', async ({ subPath, says }) => {
    await symlink('/etc', path.join(fileURLToPath(origin.fileUrl), 'out'));
    await remote('add', '.');
    await remote('commit', '--quiet', '--message', 'A link');
    await expect(prepare({ subPath })).rejects.toThrow(`spec.repository.subPath: ${says}`);
  });
});

describe('history', () => {
  it.each([
    { depth: undefined, tags: false, commits: '1', describes: false },
    { depth: 2, tags: false, commits: '2', describes: false },
    { depth: 0, tags: true, commits: '4', describes: true },
  ])('depth $depth, tags $tags', async ({ depth, tags, commits, describes }) => {
    await remote('tag', 'v1');
    for (const name of ['a', 'b', 'c']) await commit(name, 'x');
    const { git } = await prepare({ tags, ...(depth === undefined ? {} : { depth }) });
    expect(await git('rev-list', '--count', 'HEAD')).toBe(commits);
    if (describes) expect(await git('describe', '--tags')).toMatch(/^v1-3-g/);
    else expect(await git('tag')).toBe('');
  });
});

describe('submodules', () => {
  async function withSubmodule(url: string): Promise<void> {
    const inner = fileURLToPath(origin.fileUrl);
    await remote('submodule', '--quiet', 'add', '--', origin.fileUrl, 'libs/inner');
    await writeFile(
      path.join(inner, '.gitmodules'),
      `[submodule "libs/inner"]\n\tpath = libs/inner\n\turl = ${url}\n`,
    );
    await remote('add', '.');
    await remote('commit', '--quiet', '--message', 'With a submodule');
  }

  it('are told of when nobody asks for them', async () => {
    await withSubmodule(origin.url);
    const { messages } = await prepare();
    expect(messages.at(-1)).toBe(
      'Submodules are not fetched (spec.repository.submodules of the Workspace): libs/inner',
    );
  });

  it('are fetched when asked for', async () => {
    await withSubmodule(origin.url);
    const { folder: clone } = await prepare({ submodules: true });
    expect(await readFile(path.join(clone, 'libs/inner/README.md'), 'utf8')).toContain('Project');
  });

  it('come from no folder of the machine', async () => {
    await withSubmodule(origin.fileUrl);
    await expect(prepare({ submodules: true })).rejects.toMatchObject({
      reason: 'CloneFailed',
      message: expect.stringContaining('file'),
    });
  });
});

it('large files are told of when nobody asks for them', async () => {
  await commit('.gitattributes', '*.bin filter=lfs diff=lfs merge=lfs -text\n');
  const { messages } = await prepare();
  expect(messages.at(-1)).toBe(
    'Files of Git LFS are not fetched (spec.repository.lfs of the Workspace); they are pointers',
  );
});
