import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** The variables of OpenTelemetry. */
export const tracingEnvironment = (): Environment => process.env;

/** Where logins are kept (XDG Base Directory Specification). */
export function loginFolder(env: Environment = process.env): string {
  const base = env['XDG_CONFIG_HOME'] ?? '';
  return join(base === '' ? join(homedir(), '.config') : base, 'troupe', 'logins');
}

/** The file that kubectl writes to: the first of KUBECONFIG, else its own. */
export function kubeconfigToWrite(env: Environment = process.env): string {
  const first = (env['KUBECONFIG'] ?? '').split(delimiter).find((file) => file !== '');
  return first ?? join(homedir(), '.kube', 'config');
}
