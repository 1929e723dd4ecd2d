import { cacheFolder } from '../environment/cache-folder.ts';
import { dockerClient, privateEngine } from '../environment/docker/docker.ts';
import { buildSandboxImage } from '../environment/docker/sandbox-image.ts';
import { engineFront } from './engine-front.ts';
import type { EngineFront } from './engine-front.ts';

/** The Docker engine of one of the executors. */
export interface ChaosEngine extends AsyncDisposable {
  /** Its unix:// address. */
  readonly host: string;
  /** The engine as the executor sees it, which can be killed. */
  front(options: { path: string; executor: string }): Promise<EngineFront>;
}

/** One that others use as well: it dies for our executor only. */
export function sharedEngine(host: string): ChaosEngine {
  return {
    host,
    front: ({ path, executor }) => engineFront({ path, executor, engine: host }),
    async [Symbol.asyncDispose]() {},
  };
}

/** One of our own, which really dies; its image comes from the engine that DOCKER_HOST names, or is built. */
export async function ownEngine(): Promise<ChaosEngine> {
  await using stack = new AsyncDisposableStack();
  const engine = stack.use(await privateEngine(cacheFolder('docker-chaos')));
  const from = process.env['DOCKER_HOST'];
  if (from === undefined || from === '') await buildSandboxImage(engine);
  else await copyImage(process.env['EXECUTOR_IMAGE'] ?? 'troupe-executor:latest', { from, to: engine.host });
  const owned = stack.move();
  const front: EngineFront = {
    ...{ name: 'docker', address: engine.host, unexpectedEnds: [] },
    kill: () => engine.kill(),
    start: () => engine.start(),
    async [Symbol.asyncDispose]() {},
  };
  return {
    host: engine.host,
    front: () => Promise.resolve(front),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Unless it is there already. */
async function copyImage(name: string, { from, to }: { from: string; to: string }): Promise<void> {
  const [source, target] = [dockerClient(from), dockerClient(to)];
  const { Id } = await source.getImage(name).inspect();
  const known = await target.listImages();
  if (known.some((image) => image.Id === Id && image.RepoTags?.includes(name))) return;
  const loading = await target.loadImage(await source.getImage(name).get());
  await new Promise<void>((resolve, reject) => {
    target.modem.followProgress(loading, (error) => (error === null ? resolve() : reject(error)));
  });
}
