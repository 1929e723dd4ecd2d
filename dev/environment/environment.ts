import path from 'node:path';
import { SERVER_VARIABLES } from './database-program.ts';
import { docker } from './docker.ts';
import type { DockerEngine } from './docker.ts';
import { git } from './git.ts';
import { kubectl, stockKubectl } from './kubectl.ts';
import { mysql } from './mysql.ts';
import { redis } from './redis.ts';
import { sandboxImage } from './sandbox-image.ts';

/** `image` is that of the sandboxes; it needs `docker`. */
export type Part = 'docker' | 'git' | 'image' | 'kubectl' | 'mariadb' | 'mysql' | 'redis';

export interface Environment extends AsyncDisposable {
  /** What a child process needs to find the parts: DOCKER_HOST, EXECUTOR_IMAGE, TROUPE_TEST_* and a PATH. */
  readonly variables: Readonly<Record<string, string>>;
  readonly docker: DockerEngine | undefined;
}

/**
 * The real parts that tests, demo and bench run on: what the environment names, else private instances, else
 * installed first. One after the other, because two of them may need apt. Disposing stops what was started.
 */
export async function environment(parts: readonly Part[]): Promise<Environment> {
  await using stack = new AsyncDisposableStack();
  const variables: Record<string, string> = {};
  const folders: string[] = [];
  let engine: DockerEngine | undefined;
  if (parts.includes('git')) folders.push(path.dirname(await git()));
  if (parts.includes('kubectl')) {
    folders.push(path.dirname(await kubectl()));
    variables['TROUPE_TEST_STOCK_KUBECTL'] = await stockKubectl();
  }
  if (parts.includes('redis')) variables['TROUPE_TEST_REDIS_URL'] = stack.use(await redis()).url;
  for (const flavour of ['mariadb', 'mysql'] as const) {
    if (!parts.includes(flavour)) continue;
    variables[SERVER_VARIABLES[flavour]] = stack.use(await mysql({ flavour })).url;
  }
  if (parts.includes('docker')) {
    engine = stack.use(await docker());
    variables['DOCKER_HOST'] = engine.host;
    if (parts.includes('image')) variables['EXECUTOR_IMAGE'] = await sandboxImage(engine);
  }
  variables['PATH'] = withFolders(folders);
  const owned = stack.move();
  return { variables, docker: engine, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** PATH with the folders that it lacks in front, so that a kubectl too old for us is hidden. */
function withFolders(folders: readonly string[]): string {
  const before = (process.env['PATH'] ?? '').split(path.delimiter);
  const missing = folders.filter((folder) => !before.includes(folder));
  return [...new Set([...missing, ...before])].join(path.delimiter);
}
