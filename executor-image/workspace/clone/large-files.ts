import { RunFailure } from '../../run-failure.ts';
import { cloneFailure } from './clone-error.ts';
import { local, remote } from './cloning.ts';
import type { Cloning } from './cloning.ts';

/** Fetches the files of Git LFS when the Workspace asks for them; otherwise people are told that they are pointers. */
export async function fetchLargeFiles(cloning: Cloning): Promise<void> {
  const { repository, access, address, onStatus } = cloning;
  if (!(await usesLFS(cloning))) return;
  if (repository.lfs !== true) {
    onStatus('Files of Git LFS are not fetched (spec.repository.lfs of the Workspace); they are pointers');
    return;
  }
  const installed = await remote(cloning, ['lfs', 'install', '--local', '--skip-repo']);
  if (installed.code !== 0) {
    throw new RunFailure('CloneFailed', 'git-lfs, which the Workspace needs, is not in the image');
  }
  const pulled = await remote(cloning, ['lfs', 'pull']);
  if (pulled.code === 0) return;
  throw cloneFailure(access.clean(pulled.stderr), {
    url: `the large files of ${address.url}`,
    branch: repository.branch,
    credential: access.credential,
  });
}

async function usesLFS(cloning: Cloning): Promise<boolean> {
  const args = ['grep', '--quiet', '-e', 'filter=lfs', 'HEAD', '--', ':(glob)**/.gitattributes'];
  return (await local(cloning, args, true)).code === 0;
}
