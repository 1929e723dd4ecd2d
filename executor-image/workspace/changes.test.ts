import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { inheritedEnvironment } from '../config.ts';
import { readChanges } from './changes.ts';
import { prepareRepository } from './repository.ts';

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
const changes = () => readChanges({ folder, baseCommit, home: outer, environment, signal });

describe('what a run changed', () => {
  it.each([
    { reason: 'a new file', act: () => write('new', 'x') },
    {
      reason: 'beside a repository without a commit',
      act() {
        write('new', 'x');
        git('init', '--quiet', 'sub');
        write('sub/a', 'x');
      },
    },
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
  ])('$reason', async ({ act }) => {
    act();
    const { workspace, diff, uncommittedFiles } = await changes();
    expect(workspace).toEqual({
      branch: 'main',
      baseCommit,
      headCommit: baseCommit,
      filesChanged: 1,
      commits: 0,
    });
    expect(diff).toContain('+++ b/new');
    expect(diff).not.toContain('mine');
    expect(uncommittedFiles).toBe(1);
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
      await expect(changes()).rejects.toThrow(/^git add: fatal: not a git repository/);
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
