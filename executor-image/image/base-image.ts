import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import path from 'node:path';
import type { DockerCli } from './docker-cli.ts';
import { emptyFolder, textOf } from './files.ts';

const SUITE = 'bookworm';
/** Pulled where a registry can be reached. */
const USUAL_BASE = `debian:${SUITE}-slim`;
/** git and its transports for the workspace; then what agents reach for first. */
const PACKAGES = [
  ...['git', 'git-lfs', 'ca-certificates', 'openssh-client', 'curl', 'procps', 'patch', 'diffutils'],
  ...['jq', 'make', 'python3', 'ripgrep', 'unzip', 'xz-utils', 'libstdc++6'],
  // For ssh, where the image is somebody else's (relocate.sh).
  'libnss-wrapper',
];

export interface BaseImageOptions {
  docker: DockerCli;
  /** Folder with Dockerfile.base. */
  folder: string;
  log: (line: string) => void;
}

/** Makes the base image unless the engine has it. Returns its tag. */
export async function ensureBaseImage({ docker, folder, log }: BaseImageOptions): Promise<string> {
  const file = path.join(folder, 'Dockerfile.base');
  const hash = createHash('sha256').update([SUITE, ...PACKAGES, await textOf(file)].join('\n'));
  const tag = `troupe-executor-base:${hash.digest('hex').slice(0, 12)}`;
  if (await docker.has(tag)) return tag;
  if ((await docker.has(USUAL_BASE)) || (await docker.pull(USUAL_BASE))) {
    log(`base image: ${USUAL_BASE} with ${PACKAGES.length} packages`);
    await using context = await emptyFolder();
    await docker.build({
      tag,
      file,
      context: context.path,
      args: { BASE: USUAL_BASE, PACKAGES: PACKAGES.join(' ') },
    });
    return tag;
  }
  log(`base image: ${USUAL_BASE} cannot be pulled; made from Debian's packages (about a minute)`);
  await importDebian(docker, tag);
  return tag;
}

/** mmdebstrap writes the root file system as a tar, which the engine takes as it comes. */
async function importDebian(docker: DockerCli, tag: string): Promise<void> {
  const args = [
    ...['--variant=minbase', `--include=${PACKAGES.join(',')}`, '--quiet'],
    ...['--aptopt=APT::Install-Recommends "false"', '--dpkgopt=path-exclude=/usr/share/doc/*'],
    ...['--dpkgopt=path-exclude=/usr/share/man/*', '--dpkgopt=path-exclude=/usr/share/locale/*'],
    ...[SUITE, '-'],
  ];
  const child = spawn('mmdebstrap', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const ended = once(child, 'close').catch((error: NodeJS.ErrnoException) => [error.code]);
  try {
    const [[code], imported] = await Promise.all([
      ended,
      docker.importTar(child.stdout, tag).catch((error: unknown) => error as Error),
    ]);
    if (code === 'ENOENT') {
      throw new Error(
        `${USUAL_BASE} cannot be pulled and mmdebstrap is missing (Debian: apt-get install mmdebstrap)`,
      );
    }
    if (code !== 0) throw new Error(`mmdebstrap failed: ${errors.trim().split('\n').slice(-5).join('\n')}`);
    if (imported !== undefined) throw imported;
  } finally {
    child.kill('SIGTERM');
  }
}
