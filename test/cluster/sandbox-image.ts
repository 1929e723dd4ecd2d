import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Cluster } from '#dev/environment/kubernetes/cluster';
import { runProgram } from '#dev/environment/program';
import { mustRun } from '../kit/command.ts';

/** The image of sandboxes of this run of the tests. */
export const SANDBOX_IMAGE = process.env['EXECUTOR_IMAGE'] ?? 'troupe-executor:latest';

/** Puts the image onto the node, once for all files that ask: it has a gigabyte. */
export async function loadSandboxImage(cluster: Cluster): Promise<void> {
  const docker = ['docker', 'image', 'inspect', '--format', '{{.Id}}', SANDBOX_IMAGE] as const;
  const id = (await mustRun(docker[0], docker.slice(1))).trim().replace(/^sha256:/, '');
  const name = path.join(cluster.folder, `image-${id.slice(0, 12)}`);
  const script = 'test -e "$1" || { docker save "$2" -o "$1.tar" && touch "$1.saved"; }';
  await runProgram('flock', [`${name}.lock`, 'sh', '-c', script, 'sh', name, SANDBOX_IMAGE]);
  await cluster.load(`${name}.tar`);
  await rm(`${name}.tar`);
}
