import type { SandboxShell } from './generated/sandbox.ts';
import type { Shell } from './generated/shell.ts';

/** The credentials for the image of a Shell as a Sandbox has them: it may be in another namespace. */
export function pullSecretsOf({ metadata, spec }: Shell): Pick<SandboxShell, 'imagePullSecrets'> {
  const { imagePullSecrets = [] } = spec;
  const { namespace = 'default' } = metadata;
  if (imagePullSecrets.length === 0) return {};
  return { imagePullSecrets: imagePullSecrets.map(({ name }) => ({ name, namespace })) };
}
