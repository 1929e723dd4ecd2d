import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { RunFailure } from '../../run-failure.ts';

/**
 * The folder of the repository that the agent works in. Throws RunFailure CloneFailed where there is no such folder, and
 * where the path leads out of the repository, as through a link that the repository has.
 */
export async function subFolder(repository: string, subPath: string | undefined): Promise<string> {
  if (subPath === undefined) return repository;
  const folder = path.resolve(repository, subPath);
  const bad = (why: string, cause?: unknown): RunFailure =>
    new RunFailure('CloneFailed', `spec.repository.subPath: "${subPath}" ${why}`, cause);
  try {
    const [root, real] = await Promise.all([realpath(repository), realpath(folder)]);
    if (real !== root && !real.startsWith(`${root}${path.sep}`)) throw bad('leads out of the repository');
    if (!(await stat(real)).isDirectory()) throw bad('is not a folder of the repository');
    return folder;
  } catch (error) {
    if (error instanceof RunFailure) throw error;
    throw bad('is not a folder of the repository', error);
  }
}
