import { existsSync } from 'node:fs';
import path from 'node:path';

/**
 * Commands that the runner brings into any image (image/relocate.sh): git, tar, du and what else it needs, a shell and
 * the usual small programs. A runner on a developer's machine has none and takes what is there.
 */
const FOLDER = '/opt/troupe/bin';
const SHELLS = ['/bin/bash', '/usr/bin/bash', '/usr/local/bin/bash', `${FOLDER}/bash`];

type Environment = Readonly<Record<string, string>>;

/** For the runner's own programs: its commands come first, whatever the image has under these names. */
export function withToolsFirst(environment: Environment, folder = FOLDER): Record<string, string> {
  return withPath(environment, (given) => [folder, ...given]);
}

/** For an agent: the image's commands come first; the runner's are there for what the image lacks. */
export function withToolsLast(environment: Environment, folder = FOLDER): Record<string, string> {
  const shell = SHELLS.find((file) => existsSync(file));
  return {
    ...(shell === undefined ? {} : { SHELL: shell }),
    ...withPath(environment, (given) => [...given, folder]),
  };
}

/** The path of a command that the runner brings, else that of the machine's. */
export function toolPath(name: string): string {
  const own = path.join(FOLDER, name);
  return existsSync(own) ? own : path.join('/usr/bin', name);
}

function withPath(
  environment: Environment,
  order: (folders: readonly string[]) => readonly string[],
): Record<string, string> {
  const given = (environment['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '');
  return { ...environment, PATH: order(given).join(path.delimiter) };
}
