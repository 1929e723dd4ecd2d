import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { SyncFailure } from '../sync-failure.ts';

const run = promisify(execFile);

/** kubectl has kustomize in it, and more people have kubectl. */
const PROGRAMS: readonly { command: string; args: readonly string[] }[] = [
  { command: 'kustomize', args: ['build'] },
  { command: 'kubectl', args: ['kustomize'] },
];
const LIMIT_MS = 60_000;
const MOST_BYTES = 64 * 1024 * 1024;

/** A second wall behind the check of the kustomization: nothing listens at the proxy, and git may use no transport. */
const NO_NETWORK = {
  HTTP_PROXY: 'http://127.0.0.1:9',
  HTTPS_PROXY: 'http://127.0.0.1:9',
  GIT_ALLOW_PROTOCOL: 'none',
};

export interface KustomizeOptions {
  folder: string;
  environment: Readonly<Record<string, string>>;
  signal: AbortSignal;
}

/**
 * The objects that kustomize builds of a folder whose kustomization was checked. It gets nothing of this process but the way to
 * programs: no credentials, no kubeconfig, no network. Plugins and charts take flags that it does not get.
 * @throws SyncFailure BuildFailed; the signal's reason
 */
export async function runKustomize({ folder, environment, signal }: KustomizeOptions): Promise<string> {
  const env = { PATH: environment['PATH'] ?? '', HOME: '/nonexistent', ...NO_NETWORK };
  for (const { command, args } of PROGRAMS) {
    try {
      const options = { env, signal, timeout: LIMIT_MS, maxBuffer: MOST_BYTES, cwd: folder };
      return (await run(command, [...args, '.'], options)).stdout;
    } catch (error) {
      signal.throwIfAborted();
      const { code, stderr } = error as NodeJS.ErrnoException & { stderr?: string };
      if (code === 'ENOENT') continue;
      const why = stderr?.trim().split('\n').at(-1) ?? String(code);
      throw new SyncFailure('BuildFailed', `kustomize: ${why}`, { isFinal: true, cause: error });
    }
  }
  const message = 'a folder has a kustomization.yaml: install kustomize or kubectl beside troupe sync';
  throw new SyncFailure('BuildFailed', message);
}
