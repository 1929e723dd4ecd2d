import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { runProgram } from '../program.ts';
import { temporaryFolder } from '../temporary-folder.ts';

export interface ImageSource {
  /** With a tag other than `latest`, whose pull policy is Always: no registry is there. */
  name: string;
  /** Its files. */
  folder: string;
  command: readonly string[];
}

/** Writes an archive, as `docker save` does, of an image with one layer: what a folder holds. */
export async function writeImageArchive(
  archive: string,
  { name, folder, command }: ImageSource,
): Promise<void> {
  await using work = await temporaryFolder('image');
  const layer = path.join(work.path, 'layer.tar');
  const stable = ['--numeric-owner', '--owner=0', '--group=0', '--sort=name', '--mtime=@0'];
  await runProgram('tar', ['-C', folder, ...stable, '-cf', layer, '.']);
  const digest = createHash('sha256')
    .update(await readFile(layer))
    .digest('hex');
  const config = {
    architecture: 'amd64',
    os: 'linux',
    config: { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], Cmd: command },
    rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
  };
  const manifest = [{ Config: 'config.json', RepoTags: [name], Layers: ['layer.tar'] }];
  await writeFile(path.join(work.path, 'config.json'), JSON.stringify(config));
  await writeFile(path.join(work.path, 'manifest.json'), JSON.stringify(manifest));
  await mkdir(path.dirname(archive), { recursive: true });
  await runProgram('tar', ['-C', work.path, '-cf', archive, 'manifest.json', 'config.json', 'layer.tar']);
}
