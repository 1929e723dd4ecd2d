import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { accepts, startProcess } from '#dev/environment/process';
import { freePort } from '#dev/environment/free-port';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { mustRun } from './command.ts';

export interface GitRepository extends AsyncDisposable {
  /** URL for a sandbox on this machine, git://HOST:PORT/project.git. */
  readonly url: string;
  /** file:// URL, for what runs outside a container. */
  readonly fileUrl: string;
}

/** A repository with one commit on `main`, served by git's own daemon on `host`. */
export async function gitRepository(
  options: {
    host?: string;
    listen?: string;
    /** Beside README.md, by their paths. */
    files?: Record<string, string>;
  } = {},
): Promise<GitRepository> {
  const host = options.host ?? '127.0.0.1';
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder('git'));
  const work = path.join(folder.path, 'project.git');
  await mkdir(work);
  const git = (...args: string[]): Promise<string> => mustRun('git', ['-C', work, ...args]);
  await git('init', '--quiet', '--initial-branch=main');
  await writeFile(path.join(work, 'README.md'), '# Project\n\nA small projcet to work on.\n');
  for (const [name, text] of Object.entries(options.files ?? {})) {
    await mkdir(path.dirname(path.join(work, name)), { recursive: true });
    await writeFile(path.join(work, name), text);
  }
  await git('add', '.');
  await git('-c', 'user.name=Test', '-c', 'user.email=test@example.com', 'commit', '--quiet', '-m', 'First');
  const port = await freePort();
  const daemon = stack.use(
    await startProcess({
      command: 'git',
      args: [
        'daemon',
        '--export-all',
        '--reuseaddr',
        `--base-path=${folder.path}`,
        `--listen=${options.listen ?? '127.0.0.1'}`,
        `--port=${port}`,
      ],
    }),
  );
  const probe = options.listen === undefined || options.listen === '0.0.0.0';
  await daemon.until({ what: 'accept', ready: () => (probe ? accepts(port) : true), timeoutMs: 20_000 });
  const owned = stack.move();
  return {
    url: `git://${host}:${port}/project.git`,
    fileUrl: `file://${work}`,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
