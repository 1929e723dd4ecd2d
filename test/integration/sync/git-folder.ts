import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { mustRun } from '../../kit/command.ts';

export interface GitFolder extends AsyncDisposable {
  /** Folder above the repository, for a server of git. */
  readonly parent: string;
  /** The work tree, `project.git`. */
  readonly path: string;
  readonly url: string;
  /** Writes files, takes away those without text, and commits. @returns id of the commit */
  commit(files: Record<string, string | undefined>): Promise<string>;
}

/** A repository on the disk. */
export async function gitFolder(): Promise<GitFolder> {
  const folder = await temporaryFolder('sync-git');
  const work = path.join(folder.path, 'project.git');
  await mkdir(work);
  const git = (...args: string[]): Promise<string> => mustRun('git', ['-C', work, ...args]);
  await git('init', '--quiet', '--initial-branch=main');
  return {
    parent: folder.path,
    path: work,
    url: `file://${work}`,
    async commit(files) {
      for (const [name, content] of Object.entries(files)) {
        const file = path.join(work, name);
        await mkdir(path.dirname(file), { recursive: true });
        await (content === undefined ? rm(file) : writeFile(file, content));
      }
      await git('add', '--all');
      const who = ['-c', 'user.name=Test', '-c', 'user.email=test@example.com'];
      await git(...who, 'commit', '--quiet', '--allow-empty', '-m', 'A change');
      return (await git('rev-parse', 'HEAD')).trim();
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}
