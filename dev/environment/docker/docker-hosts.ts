import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { dockerClient } from './docker.ts';
import { freeSubnet, ipProgram, removeLink } from './docker-bridge.ts';
import { imageRoot } from '../image-root.ts';
import { startProcess } from '../process.ts';
import { findProgram, runProgram } from '../program.ts';
import { temporaryFolder } from '../temporary-folder.ts';

/** A machine with a Docker engine of its own, as far as networks go. */
export interface DockerHost {
  /** Its DOCKER_HOST. */
  readonly engine: string;
  /** The beginning of a command line that runs there. */
  readonly enter: readonly [string, ...string[]];
  /** Takes the cable out, and puts it in again. */
  unplug(): Promise<void>;
  plugIn(): Promise<void>;
}

export interface DockerHosts extends AsyncDisposable {
  /** Of this machine, as the hosts reach it; nothing else is there for them. */
  readonly address: string;
  readonly hosts: readonly DockerHost[];
}

interface Network {
  ip: string;
  bridge: string;
  subnet: string;
}

/**
 * Hosts in network namespaces of this machine, each behind a link of its own. A host opens connections; none is let in, as
 * behind NAT. Its engine has the given image of the engine at `from`. For root on Linux.
 */
export async function dockerHosts(
  count: number,
  from: { host: string; image: string },
): Promise<DockerHosts> {
  await using stack = new AsyncDisposableStack();
  const ip = await ipProgram();
  const bridge = `troupe${randomBytes(3).toString('hex')}`;
  const subnet = await freeSubnet(ip);
  const address = `${subnet}.0.1`;
  await runProgram(ip, ['link', 'add', 'name', bridge, 'type', 'bridge']);
  stack.defer(() => removeLink(bridge));
  await runProgram(ip, ['address', 'add', `${address}/24`, 'dev', bridge]);
  await runProgram(ip, ['link', 'set', bridge, 'up']);
  const hosts: DockerHost[] = [];
  for (let at = 1; at <= count; at += 1) hosts.push(await host(at, { ip, bridge, subnet, from }, stack));
  const owned = stack.move();
  return { address, hosts, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function host(
  at: number,
  { from, ...network }: Network & { from: { host: string; image: string } },
  stack: AsyncDisposableStack,
): Promise<DockerHost> {
  const name = `${network.bridge}-${at}`;
  const link = `${network.bridge}${at}`;
  await connectNamespace({ ...network, name, link, at }, stack);
  const enter = [(await findProgram('nsenter')) ?? 'nsenter', `--net=/run/netns/${name}`] as const;
  const engine = await engineIn(enter, from, stack);
  const set = async (state: 'down' | 'up'): Promise<void> => {
    await runProgram(network.ip, ['link', 'set', link, state]);
  };
  return { engine, enter, unplug: () => set('down'), plugIn: () => set('up') };
}

interface Place extends Network {
  name: string;
  /** The end of its link on this machine. */
  link: string;
  at: number;
}

/** The other end of a link is `eth0` there; new connections that come in by it are dropped. */
async function connectNamespace(
  { ip, bridge, subnet, name, link, at }: Place,
  stack: AsyncDisposableStack,
): Promise<void> {
  await runProgram(ip, ['netns', 'add', name]);
  stack.defer(async () => {
    await runProgram(ip, ['netns', 'delete', name]);
  });
  await runProgram(ip, ['link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name]);
  await runProgram(ip, ['link', 'set', link, 'master', bridge, 'up']);
  const inside = (...args: string[]): Promise<string> => runProgram(ip, ['-n', name, ...args]);
  await inside('link', 'set', 'lo', 'up');
  await inside('address', 'add', `${subnet}.0.${at + 1}/24`, 'dev', 'eth0');
  await inside('link', 'set', 'eth0', 'up');
  const iptables = (await findProgram('iptables')) ?? 'iptables';
  const rule = ['-i', 'eth0', '-m', 'conntrack', '--ctstate', 'NEW', '-j', 'DROP'];
  await runProgram(ip, ['netns', 'exec', name, iptables, '-A', 'INPUT', ...rule]);
}

async function engineIn(
  enter: readonly [string, ...string[]],
  from: { host: string; image: string },
  stack: AsyncDisposableStack,
): Promise<string> {
  const folder = stack.use(await temporaryFolder('dh')).path;
  const data = path.join(folder, 'data');
  await imageRoot(data, from);
  const engine = `unix://${path.join(folder, 'docker.sock')}`;
  const [command, ...args] = enter;
  const daemon = stack.use(
    await startProcess({
      command,
      args: [
        ...args,
        (await findProgram('dockerd')) ?? 'dockerd',
        `--host=${engine}`,
        `--data-root=${data}`,
        `--exec-root=${path.join(folder, 'exec')}`,
        `--pidfile=${path.join(folder, 'docker.pid')}`,
      ],
    }),
  );
  const client = dockerClient(engine);
  const ready = (): Promise<boolean> =>
    client.ping().then(
      () => true,
      () => false,
    );
  await daemon.until({ what: 'serve', ready, timeoutMs: 60_000 });
  return engine;
}
