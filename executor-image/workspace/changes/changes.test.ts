import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../clock.ts';
import { inheritedEnvironment } from '../../config.ts';
import { readChanges } from './changes.ts';
import { writeCloneRecord } from '../clone/clone-record.ts';
import { prepareRepository } from '../repository.ts';

/** Real git, in a folder of a repository that is somebody else's. */
let outer: string;
let folder: string;
let baseCommit: string;

function git(...args: string[]): string {
  const identity = ['-c', 'user.name=a', '-c', 'user.email=a@b', '-c', 'init.defaultBranch=main'];
  return execFileSync('git', [...identity, ...args], { cwd: folder, encoding: 'utf8', stdio: 'pipe' }).trim();
}
const write = (name: string, text: string): void => writeFileSync(path.join(folder, name), text);
const remove = (name: string): void => rmSync(path.join(folder, name), { recursive: true });

beforeEach(() => {
  outer = mkdtempSync(path.join(tmpdir(), 'troupe-changes-'));
  folder = outer;
  git('init', '--quiet');
  write('mine', 'not for agents');
  folder = path.join(outer, 'repo');
  mkdirSync(folder);
  git('init', '--quiet');
  write('README', 'one');
  git('add', '.');
  git('commit', '--quiet', '--message', 'First');
  baseCommit = git('rev-parse', 'HEAD');
});
afterEach(() => rmSync(outer, { recursive: true, force: true }));

const environment = inheritedEnvironment();
const signal = new AbortController().signal;
const mostBytes = 1024 * 1024;
const options = () => ({ folder, home: outer, environment, signal });
const changes = () => readChanges({ ...options(), baseCommit, mostBytes });

/** The changes as one patch, which is applied to a fresh clone of the base; the clone is then as the work tree is. */
async function applied(): Promise<string> {
  const { patches } = await changes();
  const patch = patches.map(({ text }) => text).join('');
  const clone = path.join(outer, 'clone');
  execFileSync('git', ['clone', '--quiet', folder, clone]);
  execFileSync('git', ['checkout', '--quiet', baseCommit], { cwd: clone, stdio: 'pipe' });
  // As JSON carries it.
  const input = JSON.parse(JSON.stringify(patch)) as string;
  execFileSync('git', ['apply', '-'], { cwd: clone, input });
  const without = ['--exclude=.git', '--exclude=.gitattributes'];
  expect(spawnSync('diff', ['-r', ...without, folder, clone], { encoding: 'latin1' }).stdout).toBe('');
  return patch;
}

describe('what a run changed', () => {
  it.each([
    { reason: 'a new file', act: () => write('new', 'x') },
    {
      reason: 'without an index',
      act() {
        remove('.git/index');
        write('new', 'x');
      },
    },
    {
      reason: 'with a configuration that names another work tree',
      act() {
        git('config', 'core.worktree', outer);
        write('new', 'x');
      },
    },
    {
      reason: 'with a configuration that names none',
      act() {
        git('config', 'core.bare', 'true');
        write('new', 'x');
      },
    },
    {
      reason: 'with a configuration of another form of patches',
      act() {
        for (const [name, value] of [
          ['diff.noprefix', 'true'],
          ['diff.relative', 'true'],
          ['diff.submodule', 'log'],
          ['color.ui', 'always'],
          ['diff.orderFile', '/nowhere'],
        ] as const)
          git('config', name, value);
        write('new', 'x');
      },
    },
  ])('$reason', async ({ act }) => {
    act();
    const { workspace, patches, uncommittedFiles } = await changes();
    expect(workspace).toEqual({
      branch: 'main',
      baseCommit,
      headCommit: baseCommit,
      filesChanged: 1,
      commits: 0,
    });
    expect(patches.map(({ name }) => name)).toEqual(['new']);
    expect(patches[0]?.text).toContain('+++ b/new');
    expect(uncommittedFiles).toBe(1);
  });

  it.each([
    { reason: 'a binary file among text files', files: { a: 'text', b: Buffer.of(0, 255, 1), c: 'text' } },
    { reason: 'a name beyond ASCII', files: { '文档/说 明.md': 'neu' }, says: '+++ b/文档/说 明.md' },
    { reason: 'a name beyond UTF-8', files: { 'caf\xe9 "1"': 'x' }, says: String.raw`"b/caf\351 \"1\""` },
    { reason: 'a text beyond UTF-8', files: { 'latin[1]*\\?': Buffer.from('caf\xe9\n', 'latin1') } },
    { reason: 'a name and a text beyond UTF-8', files: { 'f\xfcr': Buffer.from('f\xfcr', 'latin1') } },
    { reason: 'an empty file and one without a last line break', files: { empty: '', README: 'two' } },
  ])('is a patch that applies: $reason', async ({ files, says = '' }) => {
    for (const [name, content] of Object.entries(files)) {
      const bytes = Buffer.from(name, /[\u0100-\uffff]/.test(name) ? 'utf8' : 'latin1');
      const file = Buffer.concat([Buffer.from(`${folder}/`), bytes]);
      mkdirSync(path.dirname(file.toString('utf8')), { recursive: true });
      writeFileSync(file, content);
    }
    expect(await applied()).toContain(says);
  });

  it('is a patch that applies: a renamed, a removed and a changed file with other rights', async () => {
    git('mv', 'README', 'für alle');
    write('gone', 'x');
    git('add', '.');
    git('commit', '--quiet', '--message', 'Second');
    baseCommit = git('rev-parse', 'HEAD');
    git('mv', 'für alle', 'für uns');
    remove('gone');
    write('run', '#!/bin/sh');
    chmodSync(path.join(folder, 'run'), 0o755);
    expect(await applied()).toContain('rename to für uns');
  });

  it.each([
    { reason: 'without a commit', act: () => git('init', '--quiet', 'app') },
    {
      reason: 'with a commit',
      act() {
        git('init', '--quiet', 'app');
        git('-C', 'app', 'commit', '--quiet', '--allow-empty', '--message', 'Inner');
      },
    },
  ])('shows the files of a repository that was made inside: $reason', async ({ act }) => {
    act();
    write('app/main.ts', 'x');
    write('new', 'x');
    const { workspace, repositories, uncommittedFiles } = await changes();
    expect(repositories).toEqual(['app']);
    expect({ files: workspace.filesChanged, uncommittedFiles }).toEqual({ files: 2, uncommittedFiles: 2 });
    expect(await applied()).toContain('+++ b/app/main.ts');
  });

  it('counts since the Task began where runs before have worked', async () => {
    await writeCloneRecord(folder, { baseCommit, taken: [], branches: {} });
    const first = baseCommit;
    write('one', 'x');
    git('add', '.');
    git('commit', '--quiet', '--message', 'One');
    baseCommit = git('rev-parse', 'HEAD');
    expect((await changes()).workspace).toEqual({
      branch: 'main',
      baseCommit,
      headCommit: baseCommit,
      filesChanged: 0,
      commits: 0,
      total: { baseCommit: first, filesChanged: 1, commits: 1 },
    });
  });

  it('begins with nothing in a repository that was empty', async () => {
    remove('.git');
    git('init', '--quiet');
    const { workspace } = await readChanges({ ...options(), mostBytes });
    expect(workspace).toEqual({ branch: 'main', filesChanged: 1, commits: 0 });
    git('add', '.');
    git('commit', '--quiet', '--message', 'First');
    const after = await readChanges({ ...options(), mostBytes });
    expect(after.workspace).toMatchObject({ headCommit: git('rev-parse', 'HEAD'), commits: 1 });
    expect(after.patches.map(({ name }) => name)).toEqual(['README']);
  });

  it('sees a change of the same size in the moment of the index', async () => {
    const file = path.join(folder, 'README');
    const { mtime } = statSync(path.join(folder, '.git/index'));
    utimesSync(file, mtime, mtime);
    git('add', 'README');
    utimesSync(path.join(folder, '.git/index'), mtime, mtime);
    write('README', 'two');
    utimesSync(file, mtime, mtime);
    expect((await changes()).workspace.filesChanged).toBe(1);
  });

  it('leaves out what is too large, and names it', async () => {
    write('a-large', 'line\n'.repeat(400_000));
    for (let i = 0; i < 50; i++) write(`small-${i}`, 'x');
    const { patches, leftOut } = await readChanges({ ...options(), baseCommit, mostBytes: 64 * 1024 });
    expect(leftOut).toEqual(['a-large']);
    expect(patches).toHaveLength(50);
  });

  it('starts no program that the clone names', async () => {
    const ran = path.join(outer, 'ran');
    const program = `touch ${ran}; cat`;
    write('.gitattributes', '* filter=own diff=own\n*.x filter="two words"\n');
    git('add', '.');
    for (const filter of ['own', 'two.dots', 'TWO']) {
      for (const part of ['clean', 'smudge', 'process']) git('config', `filter.${filter}.${part}`, program);
      git('config', `filter.${filter}.required`, 'true');
    }
    for (const part of ['command', 'textconv']) git('config', `diff.own.${part}`, program);
    for (const name of ['core.fsmonitor', 'core.pager', 'core.sshCommand', 'diff.external', 'core.editor'])
      git('config', name, `${program} #`);
    mkdirSync(path.join(folder, '.git/hooks'), { recursive: true });
    for (const hook of ['post-index-change', 'fsmonitor-watchman', 'post-checkout']) {
      writeFileSync(path.join(folder, '.git/hooks', hook), `#!/bin/sh\ntouch ${ran}`, { mode: 0o755 });
    }
    execFileSync('git', ['clone', '--quiet', folder, path.join(folder, 'inner')], { stdio: 'pipe' });
    execFileSync('git', ['-C', 'inner', 'config', 'core.fsmonitor', `touch ${ran}`], { cwd: folder });
    rmSync(ran, { force: true });
    write('README', 'changed');
    write('inner/README', 'changed');
    await changes();
    expect(existsSync(ran)).toBe(false);
  });

  it('is not written a second time', async () => {
    write('new', 'x'.repeat(10_000));
    const objects = () => readdirSync(path.join(folder, '.git/objects'), { recursive: true }).length;
    const before = objects();
    await changes();
    // Git may keep the object of the empty file, for the name of the new one.
    expect(objects() - before).toBeLessThanOrEqual(2);
    expect(git('status', '--short'), "the agent's index is as it was").toBe('?? new');
  });
});

describe('a clone that the agent broke', () => {
  it.each(['.git/HEAD', '.git'])(
    'without %s says so, and the repository above is left alone',
    async (name) => {
      remove(name);
      await expect(changes()).rejects.toThrow(/^git \w[\w-]*: fatal: not a git repository/);
      if (name === '.git') return;
      const prepared = prepareRepository({
        repository: { gitUrl: 'file:///nowhere', branch: 'main', workBranch: 'work', timeoutSeconds: 5 },
        workspace: outer,
        home: outer,
        environment,
        signal,
        clock: systemClock,
        onStatus: () => undefined,
      });
      await expect(prepared).rejects.toMatchObject({ reason: 'CloneFailed' });
      expect(existsSync(path.join(outer, '.git/refs/heads/work'))).toBe(false);
      folder = outer;
      expect(git('symbolic-ref', 'HEAD')).toBe('refs/heads/main');
    },
  );
});
