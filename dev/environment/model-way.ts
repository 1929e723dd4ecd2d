import { createHash } from 'node:crypto';
import { systemClock } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { silentLogger } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import { silentMeter } from '#api/machinery/meter';
import type { Meter } from '#api/machinery/meter';
import { TunnelledModelAccess } from '#executor-image/model-access/model-access';
import type { ModelGrant } from '#executor-image/model-access/model-access';
import { startRunnerServer } from '#executor-image/server/runner-server';
import type { RealModel } from '#executor-manager/model-forwarder/credential-headers';
import { forwarderFigures } from '#executor-manager/model-forwarder/forwarder-figures';
import { ModelForwarder } from '#executor-manager/model-forwarder/model-forwarder';
import { ModelSource } from '#executor-manager/model-forwarder/model-source';

/** The way of a call from an agent to a service: the runner's side and the manager's, with a real tunnel between them. */
export interface ModelWay extends AsyncDisposable {
  /** Where the runner listens for the manager. */
  readonly port: number;
  readonly token: string;
  /** A run whose Model is what `read` gives; `end` takes its access away on both sides. */
  run(id: string, read: () => RealModel | Promise<RealModel>): Promise<ModelGrant & { end(): void }>;
  /** The manager goes, with all of its tunnels. */
  stopManager(): Promise<void>;
  /** Another one comes; it knows the runs that are added from now on. */
  startManager(): void;
}

export interface ModelWayOptions {
  clock?: Clock;
  meter?: Meter;
  /** Of the manager's side. */
  logger?: Logger;
  /** The addresses that a Model may lead to; absent: this machine. */
  allow?: readonly string[];
}

const TOKEN = 'the token of the runner';

export async function modelWay({
  clock = systemClock,
  meter = silentMeter,
  logger = silentLogger,
  allow = ['localhost'],
}: ModelWayOptions = {}): Promise<ModelWay> {
  const access = new TunnelledModelAccess();
  const server = await startRunnerServer({
    config: {
      ...{ host: '127.0.0.1', port: 0, workspace: '/nowhere', state: '/nowhere' },
      tokenHash: createHash('sha256').update(TOKEN).digest('hex'),
    },
    environment: {},
    startRun: () => Promise.reject(new Error('no run is started here')),
    probe: () => Promise.reject(new Error('nothing is checked here')),
    onTunnel: (socket) => access.attach(socket),
  });
  const manager = (): ModelForwarder =>
    new ModelForwarder({ figures: forwarderFigures(meter), addresses: { allow }, logger, clock });
  let forwarder = manager();
  const runner = { id: 'runner', address: { host: '127.0.0.1', port: server.port }, token: TOKEN };
  return {
    port: server.port,
    token: TOKEN,
    async run(id, read) {
      const { protocol } = await read();
      const source = new ModelSource({ read: async () => read(), clock });
      const leave = forwarder.serve({ runner, runID: id, protocol, source });
      const grant = await access.grant({ id, protocol, onBytes: () => undefined });
      return {
        ...grant,
        end() {
          grant.revoke();
          leave();
        },
      };
    },
    stopManager: () => forwarder.close(),
    startManager() {
      forwarder = manager();
    },
    async [Symbol.asyncDispose]() {
      await forwarder.close();
      await access.close();
      await server.close();
    },
  };
}
