import path from 'node:path';
import { SERVER_VARIABLES } from './databases/database-program.ts';
import type { DatabaseFlavour } from './databases/database-program.ts';
import { docker } from './docker/docker.ts';
import type { DockerEngine } from './docker/docker.ts';
import { git } from './git.ts';
import { goBuilds } from './go/go-builds.ts';
import type { GoBuilds } from './go/go-builds.ts';
import { kubectl, stockKubectl } from './kubectl.ts';
import { sharedCluster } from './kubernetes/shared-cluster.ts';
import { mysql } from './databases/mysql.ts';
import { redis } from './redis.ts';
import { sandboxImage } from './docker/sandbox-image.ts';

/** `image` is that of the sandboxes; it needs `docker`. `go` builds programs for several processes. `cluster` needs `go`. */
export type Part = 'cluster' | 'docker' | 'git' | 'go' | 'image' | 'kubectl' | 'mariadb' | 'mysql' | 'redis';

export interface Environment extends AsyncDisposable {
  /** What a child process needs to find the parts: DOCKER_HOST, EXECUTOR_IMAGE, TROUPE_TEST_* and a PATH. */
  readonly variables: Readonly<Record<string, string>>;
  readonly docker: DockerEngine | undefined;
  readonly go: GoBuilds | undefined;
}

/**
 * The real parts that tests, demo and bench run on: what the environment names, else private instances, else
 * installed first. They start side by side; what needs apt waits for it in installPackages. When one cannot start, the
 * others are stopped. Disposing stops what was started.
 */
export async function environment(parts: readonly Part[]): Promise<Environment> {
  await using stack = new AsyncDisposableStack();
  const found: Found = { variables: {}, folders: [], docker: undefined, go: undefined };
  const starts = parts.flatMap((part) => (part === 'image' ? [] : [STARTS[part]({ found, stack, parts })]));
  const failed = (await Promise.allSettled(starts)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
  const { variables, folders, docker: engine, go } = found;
  const owned = stack.move();
  return {
    variables: { ...variables, PATH: withFolders(folders) },
    docker: engine,
    go,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

interface Found {
  variables: Record<string, string>;
  folders: string[];
  docker: DockerEngine | undefined;
  go: GoBuilds | undefined;
}

interface Start {
  /** Gets what was found. */
  found: Found;
  /** Gets what has to be stopped. */
  stack: AsyncDisposableStack;
  parts: readonly Part[];
}

const STARTS: Record<Exclude<Part, 'image'>, (start: Start) => Promise<void>> = {
  async git({ found }) {
    found.folders.push(path.dirname(await git()));
  },
  async kubectl({ found }) {
    found.folders.push(path.dirname(await kubectl()));
    found.variables['TROUPE_TEST_STOCK_KUBECTL'] = await stockKubectl();
  },
  async redis({ found, stack }) {
    found.variables['TROUPE_TEST_REDIS_URL'] = stack.use(await redis()).url;
  },
  mariadb: (start) => database('mariadb', start),
  mysql: (start) => database('mysql', start),
  async docker({ found, stack, parts }) {
    const engine = stack.use(await docker());
    found.docker = engine;
    found.variables['DOCKER_HOST'] = engine.host;
    if (parts.includes('image')) found.variables['EXECUTOR_IMAGE'] = await sandboxImage(engine);
  },
  async go({ found, stack }) {
    found.go = stack.use(await goBuilds());
    Object.assign(found.variables, found.go.variables);
    // The cluster asks the builder for its programs from this process.
    Object.assign(process.env, found.go.variables);
  },
  async cluster({ found, stack }) {
    Object.assign(found.variables, stack.use(await sharedCluster()).variables);
  },
};

async function database(flavour: DatabaseFlavour, { found, stack }: Start): Promise<void> {
  found.variables[SERVER_VARIABLES[flavour]] = stack.use(await mysql({ flavour })).url;
}

/** PATH with the folders that it lacks in front, so that a kubectl too old for us is hidden. */
function withFolders(folders: readonly string[]): string {
  const before = (process.env['PATH'] ?? '').split(path.delimiter);
  const missing = folders.filter((folder) => !before.includes(folder));
  return [...new Set([...missing, ...before])].join(path.delimiter);
}
