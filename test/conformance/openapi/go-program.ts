import path from 'node:path';
import { cacheFolder, projectRoot } from '#dev/environment/cache-folder';
import { findProgram, runProgram } from '#dev/environment/program';

/** Builds the program of test/go with that name; returns its path. */
export async function goProgram(name: string): Promise<string> {
  const go = await findProgram('go');
  if (go === undefined) throw new Error('Go 1.24 or newer is missing');
  const built = path.join(cacheFolder('go'), name);
  await runProgram(go, ['build', '-o', built, `./${name}`], { cwd: path.join(projectRoot, 'test/go') });
  return built;
}
