import { existsSync } from 'node:fs';
import path from 'node:path';
import { RunFailure } from '../../run-failure.ts';

export interface AgnoProgram {
  command: string;
  args: readonly string[];
}

/** Where the image has the bridge and the library. */
const IN_IMAGE = '/opt/troupe/agno';
/** The version that the library's packages are made for. */
const PYTHON = '/usr/bin/python3.11';

/**
 * The bridge: the image's, else (a runner on a developer's machine) with what building the image has installed. Throws RunFailure.
 */
export function agnoProgram(): AgnoProgram {
  const here = import.meta.dirname ?? '';
  const packages = path.resolve(here, '../../../.cache/agno');
  const inImage = path.join(IN_IMAGE, 'packages');
  if (existsSync(inImage)) {
    if (existsSync(PYTHON)) return programIn(PYTHON, IN_IMAGE, inImage);
    throw new RunFailure('StartFailed', `Agno needs Python 3.11, which the image does not have as ${PYTHON}`);
  }
  if (existsSync(packages)) return programIn('python3', here, packages);
  throw new RunFailure('StartFailed', `Agno is not here: no ${inImage}, no ${packages}`);
}

/** `-I` and `-S`: neither the environment, nor the folder that the agent works in, nor the machine's own packages say what is imported. */
function programIn(command: string, folder: string, packages: string): AgnoProgram {
  return { command, args: ['-I', '-S', path.join(folder, 'bridge.py'), packages] };
}
