import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { systemClock } from '#api/machinery/clock';
import { silentLogger } from '#api/machinery/logger';
import { dockerClient } from '#dev/environment/docker/docker';
import { LABEL } from '#executor-manager/drivers/docker/container-options';
import { DockerDriver } from '#executor-manager/drivers/docker/docker-driver';
import { connectEngine } from '#executor-manager/drivers/docker/engine-connection';
import { PortAllocator } from '#executor-manager/drivers/ports/port-allocator';
import { driverSuite } from './driver-suite.ts';
import type { DriverWorld } from './driver-suite.ts';

const host = process.env['DOCKER_HOST'] ?? '';
const image = process.env['EXECUTOR_IMAGE'] ?? 'troupe-executor:latest';

async function open(): Promise<DriverWorld> {
  const engine = dockerClient(host);
  const ending = new AbortController();
  const labels = { [LABEL.executor]: 'driver-suite', [LABEL.owner]: randomUUID() };
  const label = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  const filters = JSON.stringify({ label });
  return {
    driver: (ports) =>
      new DockerDriver({
        ...{
          executorName: labels[LABEL.executor],
          owner: labels[LABEL.owner],
          image,
          network: 'bridge',
          ports,
        },
        ...{ engine: connectEngine(host), clock: systemClock, logger: silentLogger, signal: ending.signal },
      }),
    async remains() {
      const containers = await engine.listContainers({ all: true, filters });
      const { Volumes } = await engine.listVolumes({ filters });
      return [...containers.flatMap(({ Names }) => Names), ...(Volumes ?? []).map(({ Name }) => Name)];
    },
    async kill({ name }) {
      await engine.getContainer(name).kill();
    },
    async lose({ name }) {
      await engine.getContainer(name).remove({ force: true });
    },
    async leaveOlderVersion() {
      const [sandbox, task] = [randomUUID(), randomUUID()];
      const volume = `troupe-task-${task}`;
      const Labels = { ...labels, 'io.troupe.sandbox-uid': sandbox, 'io.troupe.task-uid': task };
      await engine.createVolume({ Name: volume, Labels });
      const container = await engine.createContainer({
        ...{ name: `troupe-${sandbox}`, Image: image, Labels: { ...Labels, [LABEL.port]: '1' } },
        Entrypoint: ['sleep', '300'],
        HostConfig: { Mounts: [{ Type: 'volume', Source: volume, Target: '/workspace' }] },
      });
      await container.start();
    },
    async [Symbol.asyncDispose]() {
      ending.abort(new Error('the tests are over'));
    },
  };
}

driverSuite('docker', open);

describe('an engine', () => {
  it.each([
    [{ image: 'nosuch:1' }, 'The engine has no image nosuch:1: run `make image`, or pull one'],
    [{ network: 'nosuchnet' }, 'The engine has no network nosuchnet: run `docker network create nosuchnet`'],
  ])('that lacks %j says what to do', async (lacking, message) => {
    const ending = new AbortController();
    const driver = new DockerDriver({
      ...{ executorName: 'lacking', owner: randomUUID(), image, network: 'bridge', ...lacking },
      ports: new PortAllocator({ min: 1, max: 1, clock: systemClock }),
      ...{ engine: connectEngine(host), clock: systemClock, logger: silentLogger, signal: ending.signal },
    });
    const state = await driver.check();
    ending.abort(new Error('over'));
    expect(state).toEqual({ ready: false, message: expect.stringContaining(message) });
  });
});
