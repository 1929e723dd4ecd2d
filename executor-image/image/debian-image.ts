import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { DockerCli } from './docker-cli.ts';

export interface DebianImage {
  tag: string;
  /** bookworm and its like. */
  suite: string;
  /** As mmdebstrap has it: minbase has a shell and apt, extract nothing but the files of the packages. */
  variant: 'minbase' | 'extract';
  packages: readonly string[];
  /** In the words of Debian (amd64, arm64); the machine's own when absent. Others work with `extract`, which runs nothing. */
  architecture?: string;
}

/**
 * Makes an image of Debian's packages where none can be pulled: mmdebstrap writes the root file system as a tar, which
 * the engine takes as it comes. Throws an Error that says what is missing.
 */
export async function importDebian(docker: DockerCli, image: DebianImage): Promise<void> {
  const { suite, variant, packages, architecture } = image;
  const args = [
    ...[`--variant=${variant}`, `--include=${packages.join(',')}`, '--quiet'],
    ...(architecture === undefined ? [] : [`--architectures=${architecture}`]),
    ...['--aptopt=APT::Install-Recommends "false"', '--dpkgopt=path-exclude=/usr/share/doc/*'],
    ...['--dpkgopt=path-exclude=/usr/share/man/*', '--dpkgopt=path-exclude=/usr/share/locale/*'],
    ...[suite, '-'],
  ];
  const child = spawn('mmdebstrap', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const ended = once(child, 'close').catch((error: NodeJS.ErrnoException) => [error.code]);
  try {
    const [[code], imported] = await Promise.all([
      ended,
      docker
        .importTar(child.stdout, image.tag, architecture && `linux/${architecture}`)
        .catch((error: unknown) => error as Error),
    ]);
    if (code === 'ENOENT') {
      throw new Error(
        'no base image can be pulled and mmdebstrap is missing (Debian: apt-get install mmdebstrap)',
      );
    }
    if (code !== 0) throw new Error(`mmdebstrap failed: ${errors.trim().split('\n').slice(-5).join('\n')}`);
    if (imported !== undefined) throw imported;
  } finally {
    child.kill('SIGTERM');
  }
}
