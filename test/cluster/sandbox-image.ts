import path from 'node:path';
import type { Cluster } from '#dev/environment/kubernetes/cluster';
import { runProgram } from '#dev/environment/program';
import { mustRun } from '../kit/command.ts';

/** The image of sandboxes of this run of the tests. */
export const SANDBOX_IMAGE = process.env['EXECUTOR_IMAGE'] ?? 'troupe-executor:latest';

/** Puts the image onto the node, once for all files that ask: it has a gigabyte. */
export async function loadSandboxImage(cluster: Cluster): Promise<void> {
  const inspect = ['image', 'inspect', '--format', '{{.Id}}', SANDBOX_IMAGE];
  const id = (await mustRun('docker', inspect)).trim().replace(/^sha256:/, '');
  const archive = path.join(cluster.folder, `image-${id.slice(0, 12)}.tar`);
  const script = 'test -s "$1" || { docker save "$2" -o "$1.part" && mv "$1.part" "$1"; }';
  await runProgram('flock', [`${archive}.lock`, 'sh', '-c', script, 'sh', archive, SANDBOX_IMAGE]);
  await cluster.load(archive);
}
