import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '#api/client/client';
import { connect } from '#api/client/connect';
import type { Transport } from '#api/client/transport';
import { withFaults } from '#api/client/with-faults';
import type { Faults } from '#api/client/with-faults';
import type { ApiOptions } from '#api/api-options';
import { startApi } from '#api/main';
import { systemClock } from '#api/machinery/clock';
import { CONTROLLERS_ACCOUNT } from '#api/machinery/users/process-account';
import type { ProcessAccount } from '#api/machinery/users/process-account';
import { startControllers } from '#controllers/main';
import type { ControllersOptions } from '#controllers/main';
import { witnessLogger } from '../../kit/witness-logger.ts';

type GivenToControllers = Pick<
  ControllersOptions,
  'addresses' | 'clock' | 'collaborationModels' | 'preemption'
> & {
  faults?: Faults;
};

/** A real API server on SQLite and the real controllers; the tests play the users and the executor managers. */
export interface World extends AsyncDisposable {
  client: Client;
  /** Of the client. */
  transport: Transport;
  /** Where the API server has its database. */
  dataDir: string;
  /** PEM. */
  caCertificate: string;
  /** A set of controllers with a connection of its own; returns how to stop it. */
  startControllers(options?: GivenToControllers): Promise<() => Promise<void>>;
  /** A client with the rights of a process. */
  connectAs(account: ProcessAccount): Promise<Client>;
}

export interface WorldOptions {
  /** Called with the data folder before the API server starts. */
  prepare?: (dataDir: string) => Promise<void>;
  api?: Pick<ApiOptions, 'advertiseURL' | 'smtp'> & Partial<Pick<ApiOptions, 'listen'>>;
}

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'troupe-controllers-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const kubeconfig = join(folder, 'kubeconfig');
  await options.prepare?.(folder);
  const api = await startApi({
    listen: { host: '127.0.0.1', port: 0 },
    dataDir: folder,
    writeKubeconfig: kubeconfig,
    ...options.api,
    logger: stack.use(witnessLogger('the API server')),
  });
  stack.defer(() => api.close());
  const controllers = async (given: GivenToControllers = {}): Promise<() => Promise<void>> => {
    // With the rights that they have in production.
    const connection = await connect({ kubeconfig: await api.identities.kubeconfigOf(CONTROLLERS_ACCOUNT) });
    const client = withFaults(connection.client, given.faults ?? {});
    const log = witnessLogger('the controllers');
    const manager = await startControllers({
      client,
      ...(connection.caCertificate === undefined ? {} : { caCertificate: connection.caCertificate }),
      logger: log,
      clock: given.clock ?? systemClock,
      preemption: given.preemption === true,
      ...(given.addresses === undefined ? {} : { addresses: given.addresses }),
      ...(given.collaborationModels === undefined ? {} : { collaborationModels: given.collaborationModels }),
    });
    return async () => {
      await manager.stop();
      await connection.close();
      log[Symbol.dispose]();
    };
  };
  const user = await connect({ kubeconfig });
  stack.defer(() => user.close());
  const rest = stack.move();
  return {
    client: user.client,
    transport: user.transport,
    dataDir: folder,
    caCertificate: api.caCertificate,
    async startControllers(given) {
      const stop = await controllers(given);
      rest.defer(stop);
      return stop;
    },
    async connectAs(account) {
      const connection = await connect({ kubeconfig: await api.identities.kubeconfigOf(account) });
      rest.defer(() => connection.close());
      return connection.client;
    },
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  };
}
