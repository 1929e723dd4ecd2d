import { readFileSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A folder that is removed, mounts below it included, when it is disposed of or the process exits. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

/** Makes `/tmp/troupe-<purpose>-XXXXXX`. Kept short: a unix socket's path has at most 107 bytes. */
export async function temporaryFolder(purpose: string): Promise<TemporaryFolder> {
  const folder = await mkdtemp(path.join(tmpdir(), `troupe-${purpose}-`));
  const onExit = (): void => {
    unmountBelow(folder);
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', onExit);
  return {
    path: folder,
    async [Symbol.asyncDispose]() {
      process.off('exit', onExit);
      unmountBelow(folder);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Detaches what a container engine left mounted below `folder` (overlays, network namespaces), deepest first. */
export function unmountBelow(folder: string): void {
  if (process.platform !== 'linux') return;
  const points = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((point) => point.startsWith(`${folder}/`))
    .toSorted((a, b) => b.length - a.length);
  for (const point of points) execFileSync('umount', ['-l', point]);
}
