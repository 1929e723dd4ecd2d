import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { cacheFolder } from './cache-folder.ts';
import { installPackages } from './packages.ts';
import { findProgram, runProgram } from './program.ts';

const VERSION = '4.32.5';

/**
 * The path of schemathesis, which makes up requests from an OpenAPI document and judges the answers: out of PyPI,
 * in a virtual environment of its own below `.cache/`.
 */
export async function schemathesis(): Promise<string> {
  const folder = cacheFolder(`schemathesis-${VERSION}`);
  const program = path.join(folder, 'bin', 'schemathesis');
  if (existsSync(program)) return program;
  const python = await pythonWithVenv();
  console.log(`installing schemathesis ${VERSION} from PyPI into .cache/`);
  try {
    await runProgram(python, ['-m', 'venv', folder]);
    await runProgram(path.join(folder, 'bin', 'pip'), ['install', '--quiet', `schemathesis==${VERSION}`]);
  } catch (error) {
    // Half an installation would be taken for a whole one the next time.
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
