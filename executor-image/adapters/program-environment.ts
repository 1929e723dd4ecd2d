import path from 'node:path';
import type { AdapterContext, AgentRequest } from './adapter.ts';

/**
 * The environment of an agent's program, which its commands see, too: what it needs, the Model's own variables, nothing of
 * the runner's, and no key.
 */
export function programEnvironment(
  { model }: Pick<AgentRequest, 'model'>,
  { environment, home, folder }: Pick<AdapterContext, 'environment' | 'home' | 'folder'>,
): Record<string, string> {
  return {
    SHELL: '/bin/bash',
    ...environment,
    ...model?.env,
    HOME: home,
    PWD: folder,
    TMPDIR: path.join(home, 'tmp'),
  };
}
