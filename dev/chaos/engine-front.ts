import { engineSocket } from '../environment/docker/engine-socket.ts';
import { dockerClient } from '../environment/docker/docker.ts';
import type { Member } from './member.ts';

export interface EngineFront extends Member {
  /** As in DOCKER_HOST. */
  readonly address: string;
}

export interface EngineFrontOptions {
  /** Path of the socket. */
  path: string;
  /** unix:// address of the engine, which others use as well. */
  engine: string;
  /** The executor whose containers end with it. */
  executor: string;
}

/** A Docker engine as one executor sees it: it dies with all containers of that executor, and nobody else notices. */
export async function engineFront({ path, engine, executor }: EngineFrontOptions): Promise<EngineFront> {
  const socket = engineSocket(path, engine);
  await socket.open();
  return {
    name: 'docker',
    unexpectedEnds: [],
    address: socket.address,
    async kill() {
      await socket.close();
      await killContainers(engine, executor);
    },
    start: () => socket.open(),
    async [Symbol.asyncDispose]() {
      await socket.close();
      await removeAll(engine, executor);
    },
  };
}

const ofExecutor = (executor: string): string =>
  JSON.stringify({ label: [`io.troupe.executor=${executor}`] });

async function killContainers(host: string, executor: string): Promise<void> {
  const client = dockerClient(host);
  for (const { Id } of await client.listContainers({ filters: ofExecutor(executor) })) {
    await client
      .getContainer(Id)
      .kill()
      .catch((error: { statusCode?: number }) => {
        // It has ended at this moment, or is being removed.
        if (error.statusCode !== 404 && error.statusCode !== 409) throw error;
      });
  }
}

/** Nobody else would: the engine goes on when a run ends early. */
async function removeAll(host: string, executor: string): Promise<void> {
  const client = dockerClient(host);
  const filters = ofExecutor(executor);
  for (const { Id } of await client.listContainers({ all: true, filters }))
    await client.getContainer(Id).remove({ force: true, v: true });
  const { Volumes } = await client.listVolumes({ filters });
  for (const { Name } of Volumes ?? []) await client.getVolume(Name).remove();
  for (const { Id } of await client.listNetworks({ filters })) await client.getNetwork(Id).remove();
}

/** All that an executor has in its engine. */
export async function engineRemains(host: string, executor: string): Promise<string[]> {
  const client = dockerClient(host);
  const filters = ofExecutor(executor);
  const containers = await client.listContainers({ all: true, filters });
  const { Volumes } = await client.listVolumes({ filters });
  const networks = await client.listNetworks({ filters });
  return [
    ...containers.map(({ Id, State }) => `container ${Id.slice(0, 12)} (${State})`),
    ...(Volumes ?? []).map(({ Name }) => `volume ${Name}`),
    ...networks.map(({ Name }) => `network ${Name}`),
  ];
}
