import { installPackages } from './packages.ts';
import { findProgram } from './program.ts';

/** The path of git, installed if need be. */
export async function git(): Promise<string> {
  const found = await findProgram('git');
  if (found !== undefined) return found;
  await installPackages(['git'], { purpose: 'to make and serve repositories', otherwise: 'install git.' });
  return (await findProgram('git')) ?? 'git';
}
