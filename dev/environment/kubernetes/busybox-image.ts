import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { installPackages } from '../packages.ts';
import { findProgram, runProgram } from '../program.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { writeImageArchive } from './image-archive.ts';

export const BUSYBOX_IMAGE = 'localhost/busybox:1';

/** Writes an archive of a small image with a shell, made of Debian's busybox-static. */
export async function writeBusyboxArchive(archive: string): Promise<void> {
  await using root = await temporaryFolder('busybox');
  const bin = path.join(root.path, 'bin');
  for (const folder of ['bin', 'etc', 'root', 'tmp']) await mkdir(path.join(root.path, folder));
  const busybox = path.join(bin, 'busybox');
  await copyFile(await busyboxProgram(), busybox);
  for (const name of (await runProgram(busybox, ['--list'])).trim().split('\n')) {
    if (name !== 'busybox') await symlink('busybox', path.join(bin, name));
  }
  await writeFile(path.join(root.path, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  await writeImageArchive(archive, { name: BUSYBOX_IMAGE, folder: root.path, command: ['/bin/sh'] });
}

async function busyboxProgram(): Promise<string> {
  const found = await findProgram('busybox');
  // Another package has the program of this name with shared libraries, which an image of it alone lacks.
  if (
    found !== undefined &&
    !(await runProgram('ldd', [found]).then(
      () => true,
      () => false,
    ))
  )
    return found;
  await installPackages(['busybox-static'], {
    purpose: 'for an image of test Pods',
    otherwise: 'install it yourself.',
  });
  return (await findProgram('busybox')) ?? 'busybox';
}
