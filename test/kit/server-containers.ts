import { randomBytes } from 'node:crypto';
import { startProcess } from '#dev/environment/process';
import type { RunningProcess } from '#dev/environment/process';
import { mustRun, run } from './command.ts';
import { evidence } from './evidence.ts';

export interface ContainerOptions {
  /** Its name on the network. */
  name: string;
  /** Command line of `docker run` before the image. */
  flags?: readonly string[];
  /** The command line of the image. */
  args: readonly string[];
  /** The line that the process prints once it works; without it nothing is waited for. */
  readyLine?: RegExp;
}

/** Containers of one image on one network, with one volume at /data, as somebody runs the server's image. */
export interface ServerContainers extends AsyncDisposable {
  /** `docker run` in the foreground: its output and its exit code are the container's, and so are signals to it. */
  start(options: ContainerOptions): Promise<RunningProcess>;
  /** Runs a command in a container; it must succeed. */
  exec(name: string, args: readonly string[]): Promise<string>;
}

/** As strict as a cluster with Pod Security "restricted" and a read-only root. */
const STRICT = ['--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges', '--pids-limit=200'];

export async function serverContainers(image: string): Promise<ServerContainers> {
  const id = `troupe-test-${randomBytes(4).toString('hex')}`;
  const containers = new AsyncDisposableStack();
  const docker = (...args: string[]): Promise<string> => mustRun('docker', args);
  await docker('network', 'create', id);
  containers.defer(async () => void (await run('docker', ['network', 'rm', id])));
  await docker('volume', 'create', id);
  containers.defer(async () => void (await run('docker', ['volume', 'rm', id])));
  return {
    async start({ name, flags = [], args, readyLine }) {
      const real = `${id}-${name}`;
      const place = [`--network=${id}`, `--network-alias=${name}`, `--volume=${id}:/data`];
      let ready = readyLine === undefined;
      const container = await startProcess({
        command: 'docker',
        args: [
          'run',
          '--rm',
          `--name=${real}`,
          `--hostname=${name}`,
          ...STRICT,
          ...place,
          ...flags,
          image,
          ...args,
        ],
        onLine: (line) => {
          ready ||= readyLine?.test(line) === true;
        },
        patienceMs: 30_000,
      });
      const heard = evidence(`container ${name}`, () => container.output());
      containers.defer(async () => {
        await container.stop();
        await run('docker', ['rm', '--force', real]);
        heard[Symbol.dispose]();
      });
      await container.until({ what: 'get ready', ready: () => ready, timeoutMs: 60_000 });
      return container;
    },
    exec: (name, args) => docker('exec', `${id}-${name}`, ...args),
    [Symbol.asyncDispose]: () => containers.disposeAsync(),
  };
}
