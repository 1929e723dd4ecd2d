import { afterEach, describe, expect, it } from 'vitest';
import { startProcess } from '#dev/environment/process';
import type { RunningProcess } from '#dev/environment/process';
import { TROUPE } from '../../kit/paths.ts';
import { startRestartableApi } from '../../kit/restartable-api.ts';
import type { RestartableApi } from '../../kit/restartable-api.ts';

const stack: AsyncDisposable[] = [];
afterEach(async () => {
  for (const part of stack.splice(0).reverse()) await part[Symbol.asyncDispose]();
});

/** `troupe controllers` with a server that is away, once it was seen to try. */
async function waitingControllers(server: RestartableApi): Promise<RunningProcess> {
  const controllers = await startProcess({
    command: TROUPE,
    args: ['controllers', '--kubeconfig', server.kubeconfig],
  });
  stack.push(controllers);
  const ready = (): boolean => controllers.output().includes('trying again');
  await controllers.until({ what: 'try to reach the server', ready, timeoutMs: 60_000 });
  return controllers;
}

describe('controllers that are started before the API', () => {
  it('wait for it, however long it takes', async () => {
    const server = await startRestartableApi();
    stack.push(server);
    let controllers!: RunningProcess;
    await server.restart(async () => {
      controllers = await waitingControllers(server);
    });
    const ready = (): boolean => controllers.output().includes('troupe controllers ready');
    await controllers.until({ what: 'get ready', ready, timeoutMs: 60_000 });
  });

  it('end in order when they are told to while they wait', async () => {
    const server = await startRestartableApi();
    stack.push(server);
    await server.restart(async () => {
      const controllers = await waitingControllers(server);
      process.kill(controllers.pid, 'SIGTERM');
      expect(await controllers.exited, controllers.output()).toBe(0);
    });
  });
});
