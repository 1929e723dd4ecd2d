import { createHash } from 'node:crypto';
import path from 'node:path';
import { importDebian } from './debian-image.ts';
import type { DockerCli } from './docker-cli.ts';
import { emptyFolder, textOf } from './files.ts';

const SUITE = 'bookworm';
/** By the words of Node. */
const DEBIAN_ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };
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
  const architecture = DEBIAN_ARCHITECTURES[await docker.arch()] ?? (await docker.arch());
  await importDebian(docker, { tag, suite: SUITE, variant: 'minbase', packages: PACKAGES, architecture });
  return tag;
}
