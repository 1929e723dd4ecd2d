import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '#api/machinery/clock';
import { silentLogger } from '#api/machinery/logger';
import type { RuntimeDriver } from '#executor-manager/drivers/driver';
import { PortAllocator } from '#executor-manager/drivers/ports/port-allocator';
import { ProcessDriver } from '#executor-manager/drivers/process/process-driver';
import { HOST_NAME } from '#dev/environment/docker/docker-gateway';
import { EXECUTOR, isOver, managerConfig, runSandbox, stage, startManager, untilSandbox } from './stage.ts';

/** A runner that knows another token. */
async function otherRunner(): Promise<
  AsyncDisposable & { address: { host: string; port: number }; refused(): number }
> {
  let refused = 0;
  const server = createServer((_, response) => {
    refused += 1;
    response.writeHead(401).end(JSON.stringify({ error: { message: 'a token is needed' } }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    refused: () => refused,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

it('a Sandbox is started again where the runner of somebody else answers in its place', async () => {
  await using on = await stage({ modelName: HOST_NAME });
  const settings = await managerConfig(on, { driver: 'process' });
  await using other = await otherRunner();
  const real = new ProcessDriver({
    root: path.join(on.folder, 'executor', 'executors', EXECUTOR),
    runner: [process.execPath, path.resolve('executor-image/runner.ts')],
    environment: { PATH: process.env['PATH'] ?? '' },
    ports: new PortAllocator({ ...settings.ports, clock: systemClock }),
    logger: silentLogger,
    clock: systemClock,
  });
  const removed: string[] = [];
  const driver: RuntimeDriver = {
    ...{ name: real.name, capabilities: real.capabilities },
    check: () => real.check(),
    list: () => real.list(),
    exited: (id, signal) => real.exited(id, signal),
    stop: (id) => real.stop(id),
    remove: (id) => (removed.push(id), real.remove(id)),
    async start(spec, signal) {
      const runtime = await real.start(spec, signal);
      return removed.length < 2 ? { ...runtime, address: other.address } : runtime;
    },
  };
  await using _ = await startManager(on, settings, { driver, times: { startAgain: 10 } });
  await runSandbox(on, { name: 'again', prompt: 'Hi' });
  const { status } = await untilSandbox(on, 'again-s0-a1', isOver);
  expect(status).toMatchObject({ phase: 'Succeeded', result: { value: 'Hello there.' } });
  expect(new Set(removed).size, 'one runtime, removed each time').toBe(1);
  expect(other.refused()).toBe(2);
});
