import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { DockerCli } from './docker-cli.ts';
import { emptyFolder } from './files.ts';

export interface DebianImage {
  tag: string;
  /** bookworm and its like. */
  suite: string;
  /** As mmdebstrap has it: minbase has a shell and apt, extract nothing but the files of the packages. */
  variant: 'minbase' | 'extract';
  packages: readonly string[];
  /** In the words of Debian (amd64, arm64). One that is not the machine's works with `extract`, which runs nothing. */
  architecture: string;
}

const LAYER = 'layer.tar';
const CONFIG = 'config.json';
const call = promisify(execFile);

/**
 * Makes an image of Debian's packages where none can be pulled. Throws an Error that says what is missing.
 *
 * It is loaded as `docker save` would have written it: `docker import` of engine 20.10 calls every image one of the
 * engine's own architecture.
 */
export async function importDebian(docker: DockerCli, image: DebianImage): Promise<void> {
  await using folder = await emptyFolder();
  const layer = path.join(folder.path, LAYER);
  await debootstrap(image, layer);
  const hash = createHash('sha256');
  for await (const piece of createReadStream(layer)) hash.update(piece as Buffer);
  const config = {
    architecture: image.architecture,
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [`sha256:${hash.digest('hex')}`] },
  };
  await writeFile(path.join(folder.path, CONFIG), JSON.stringify(config));
  const manifest = [{ Config: CONFIG, RepoTags: [image.tag], Layers: [LAYER] }];
  await writeFile(path.join(folder.path, 'manifest.json'), JSON.stringify(manifest));
  const archive = path.join(folder.path, 'image.tar');
  await call('tar', ['--create', '--file', archive, '-C', folder.path, LAYER, CONFIG, 'manifest.json']);
  await docker.load(createReadStream(archive));
}

/** mmdebstrap writes the root file system as a tar. */
async function debootstrap(image: DebianImage, file: string): Promise<void> {
  const { suite, variant, packages, architecture } = image;
  const args = [
    ...[`--variant=${variant}`, `--include=${packages.join(',')}`, `--architectures=${architecture}`],
    ...['--quiet', '--aptopt=APT::Install-Recommends "false"', '--dpkgopt=path-exclude=/usr/share/doc/*'],
    ...['--dpkgopt=path-exclude=/usr/share/man/*', '--dpkgopt=path-exclude=/usr/share/locale/*'],
    ...[suite, file],
  ];
  const child = spawn('mmdebstrap', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    if (code === 0) return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Error(
      'no base image can be pulled and mmdebstrap is missing (Debian: apt-get install mmdebstrap)',
      { cause: error },
    );
  }
  throw new Error(`mmdebstrap failed: ${errors.trim().split('\n').slice(-5).join('\n')}`);
}
