import path from 'node:path';
import { cacheFolder, projectRoot } from '#dev/environment/cache-folder';
import { go } from '#dev/environment/go';
import { runProgram } from '#dev/environment/program';

/**
 * Builds the program of test/go with that name and gives its path; undefined when Go is missing, and then the tests
 * that need it are skipped with `describe.skipIf` (dev/test.ts counts them).
 */
export async function goProgram(name: string): Promise<string | undefined> {
  const command = process.env['TROUPE_WITHOUT_GO'] === undefined ? await go() : undefined;
  if (command === undefined) return undefined;
  const built = cacheFolder('go', name);
  await runProgram(command, ['build', '-o', built, `./${name}`], { cwd: path.join(projectRoot, 'test/go') });
  return built;
}
