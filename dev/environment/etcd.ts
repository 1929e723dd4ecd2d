import path from 'node:path';
import { freePort } from './free-port.ts';
import { installPackages } from './packages.ts';
import { accepts, startProcess } from './process.ts';
import { findProgram } from './program.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface Etcd extends AsyncDisposable {
  /** host:port of its gRPC API, without TLS. */
  readonly address: string;
  readonly pid: number;
}

/** A private etcd in a temporary folder, on free loopback ports: the store that kube-apiserver stands on. */
export async function etcd(): Promise<Etcd> {
  const command = await etcdServer();
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder('etcd'));
  const [client, peer] = [await freePort(), await freePort()];
  const server = stack.use(
    await startProcess({
      command,
      args: [
        ...['--name', 'bench', '--data-dir', path.join(folder.path, 'data'), '--log-level', 'warn'],
        ...['--listen-client-urls', `http://127.0.0.1:${client}`],
        ...['--advertise-client-urls', `http://127.0.0.1:${client}`],
        ...['--listen-peer-urls', `http://127.0.0.1:${peer}`],
        ...['--initial-advertise-peer-urls', `http://127.0.0.1:${peer}`],
        ...['--initial-cluster', `bench=http://127.0.0.1:${peer}`],
      ],
    }),
  );
  await server.until({ what: 'accept connections', ready: () => accepts(client), timeoutMs: 30_000 });
  const owned = stack.move();
  return {
    address: `127.0.0.1:${client}`,
    pid: server.pid,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function etcdServer(): Promise<string> {
  const found = await findProgram('etcd');
  if (found !== undefined) return found;
  await installPackages(['etcd-server'], {
    purpose: 'to measure etcd beside ours',
    otherwise: 'put a program called etcd into the PATH.',
  });
  return (await findProgram('etcd')) ?? 'etcd';
}
