import { cloneFailure } from './clone-error.ts';
import { local, remote } from './cloning.ts';
import type { Cloning } from './cloning.ts';

/** Without `file`: a repository must not have other folders of this machine cloned into it. */
const REMOTE_PROTOCOLS = 'https:http:git:ssh';

/** Fetches the submodules when the Workspace asks for them; otherwise people are told that they are missing. */
export async function fetchSubmodules(cloning: Cloning): Promise<void> {
  const names = await submodulePaths(cloning);
  if (names.length === 0) return;
  const { repository, address, access, onStatus } = cloning;
  if (repository.submodules !== true) {
    onStatus(`Submodules are not fetched (spec.repository.submodules of the Workspace): ${shown(names)}`);
    return;
  }
  const { depth = 1 } = repository;
  const history = depth === 0 ? [] : ['--depth', String(depth)];
  const env = address.url.startsWith('file:') ? {} : { GIT_ALLOW_PROTOCOL: REMOTE_PROTOCOLS };
  const args = ['submodule', '--quiet', 'update', '--init', '--recursive', ...history];
  const output = await remote(cloning, args, { env });
  if (output.code === 0) return;
  const failed = /Clone of '([^']+)' into submodule path|clone of '([^']+)' into submodule path/.exec(
    output.stderr,
  );
  const url = failed?.[1] ?? failed?.[2] ?? 'a submodule';
  throw cloneFailure(access.clean(output.stderr), {
    url: access.clean(url),
    branch: 'of the submodule',
    credential: access.credential,
  });
}

/** The folders of the submodules that the commit has. */
async function submodulePaths(cloning: Cloning): Promise<string[]> {
  const { stdout } = await local(cloning, ['ls-files', '--stage', '-z']);
  return stdout
    .split('\0')
    .filter((entry) => entry.startsWith('160000 '))
    .map((entry) => entry.slice(entry.indexOf('\t') + 1));
}

const MOST_SHOWN = 10;

function shown(names: readonly string[]): string {
  const more = names.length - MOST_SHOWN;
  return `${names.slice(0, MOST_SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
