import { connect } from '#api/client/connect';
import type { Connection } from '#api/client/connect';
import { startApi } from '#api/main';
import type { ApiOptions } from '#api/api-options';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { witnessLogger } from './witness-logger.ts';

/** A real API server on a free port, its data in a folder of its own, and a connection to it. */
export interface RestartableApi extends AsyncDisposable {
  kubeconfig: string;
  connection: Connection;
  /** Ends the server as a shutdown does, calls `meanwhile`, and starts it again on the same port and data. */
  restart(meanwhile?: () => Promise<void>): Promise<void>;
}

export async function startRestartableApi(options: Partial<ApiOptions> = {}): Promise<RestartableApi> {
  await using stack = new AsyncDisposableStack();
  const dataDir = stack.use(await temporaryFolder('api')).path;
  const logger = stack.use(witnessLogger('the API server'));
  const start = (port: number) =>
    startApi({ ...options, listen: { host: '127.0.0.1', port }, dataDir, logger });
  let api = await start(0);
  stack.defer(() => api.close());
  const kubeconfig = api.kubeconfigPath;
  const connection = await connect({ kubeconfig });
  stack.defer(() => connection.close());
  const owned = stack.move();
  return {
    kubeconfig,
    connection,
    async restart(meanwhile) {
      const port = Number(new URL(api.url).port);
      await api.close();
      await meanwhile?.();
      api = await start(port);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
