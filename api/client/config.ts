import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { hostAndPort } from '../machinery/host-port.ts';

/** Where a pod finds its service account (Kubernetes, "Accessing the API from a Pod"). */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

export type ClientConfig =
  { from: 'files'; files: string[] } | { from: 'service account'; server: string; folder: string };

/**
 * Where the API server is described: the file given, KUBECONFIG, the kubeconfig that `troupe server` writes,
 * kubectl's own, the service account of a pod. Undefined when there is none of them.
 */
export function findClientConfig(options: {
  kubeconfig?: string | undefined;
  env: Record<string, string | undefined>;
  home?: string;
}): ClientConfig | undefined {
  const { env } = options;
  const home = options.home ?? homedir();
  if (options.kubeconfig !== undefined) return { from: 'files', files: [options.kubeconfig] };
  const listed = (env['KUBECONFIG'] ?? '').split(delimiter).filter((file) => file !== '');
  // kubectl leaves out files of the list that do not exist, but one file alone must be there.
  const present = listed.length > 1 ? listed.filter((file) => existsSync(file)) : listed;
  if (present.length > 0) return { from: 'files', files: present };
  const usual = [join(home, '.troupe', 'kubeconfig'), join(home, '.kube', 'config')];
  const file = usual.find((path) => existsSync(path));
  if (file !== undefined) return { from: 'files', files: [file] };
  return podConfig(env);
}

/** The cluster whose Pod this process is. */
export function podConfig(env: Record<string, string | undefined>): ClientConfig | undefined {
  const host = env['KUBERNETES_SERVICE_HOST'];
  if (host === undefined || host === '') return undefined;
  const server = `https://${hostAndPort(host, env['KUBERNETES_SERVICE_PORT'] ?? '443')}`;
  return { from: 'service account', server, folder: SERVICE_ACCOUNT };
}

/** The environment of this process; only config.ts files read it. */
export function processEnvironment(): Record<string, string | undefined> {
  return process.env;
}
