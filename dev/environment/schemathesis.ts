import { existsSync } from 'node:fs';
import { mkdir, rename, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { sharedCacheFolder } from './cache-folder.ts';
import { installPackages } from './packages.ts';
import { findProgram, runProgram } from './program.ts';

const VERSION = '4.32.5';

/**
 * The path of schemathesis, which makes up requests from an OpenAPI document and judges the answers: out of PyPI,
 * in a virtual environment of its own that outlives the checkout.
 */
export async function schemathesis(): Promise<string> {
  const installed = sharedCacheFolder(`schemathesis-${VERSION}`);
  const program = path.join(installed, 'bin', 'schemathesis');
  if (existsSync(program)) return program;
  const python = await pythonWithVenv();
  const folder = `${installed}.${process.pid}`;
  console.log(`installing schemathesis ${VERSION} from PyPI into ${folder}`);
  try {
    await mkdir(path.dirname(folder), { recursive: true });
    await runProgram(python, ['-m', 'venv', folder]);
    await runProgram(path.join(folder, 'bin', 'pip'), ['install', '--quiet', `schemathesis==${VERSION}`]);
    // An environment cannot be moved, so the name is a link: who finds it finds the environment complete. Renamed over
    // whatever is there, which may point to an environment that somebody has removed.
    await symlink(folder, `${folder}.link`);
    await rename(`${folder}.link`, installed);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  return program;
}

async function pythonWithVenv(): Promise<string> {
  const found = await findProgram('python3');
  if (found !== undefined && (await hasVenv(found))) return found;
  await installPackages(['python3-venv'], {
    purpose: 'to install schemathesis',
    otherwise: 'install Python 3.10 or newer with its module venv.',
  });
  return (await findProgram('python3')) ?? 'python3';
}

/** Debian has the module without what it needs, in a package of its own. */
async function hasVenv(python: string): Promise<boolean> {
  try {
    await runProgram(python, ['-c', 'import ensurepip, venv']);
    return true;
  } catch {
    return false;
  }
}
