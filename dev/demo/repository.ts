import { cp, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { accepts, startProcess } from '../environment/process.ts';
import type { RunningProcess } from '../environment/process.ts';
import { runProgram } from '../environment/program.ts';

/** Makes the repository FOLDER/greeter.git out of examples/quickstart/repository, one commit on main. */
export async function makeRepository(folder: string, source: string): Promise<void> {
  const work = path.join(folder, 'greeter');
  await mkdir(work, { recursive: true });
  await cp(source, work, { recursive: true });
  const identity = ['-c', 'user.name=You', '-c', 'user.email=you@example.com'];
  const git = (...args: string[]): Promise<string> => runProgram('git', ['-C', work, ...identity, ...args]);
  await git('init', '--quiet', '--initial-branch=main');
  await git('add', '.');
  await git('commit', '--quiet', '--message', 'A greeter');
  await git('clone', '--quiet', '--bare', '.', path.join(folder, 'greeter.git'));
}

export interface ServeOptions {
  folder: string;
  address: string;
  port: number;
}

/** Serves every repository below the folder, read-only. */
export async function serveRepositories(options: ServeOptions): Promise<RunningProcess> {
  const { folder, address, port } = options;
  const daemon = await startProcess({
    command: 'git',
    args: [
      'daemon',
      '--export-all',
      '--reuseaddr',
      `--base-path=${folder}`,
      `--listen=${address}`,
      `--port=${port}`,
    ],
  });
  await daemon.until({ what: 'listen', ready: () => accepts({ host: address, port }), timeoutMs: 20_000 });
  return daemon;
}
