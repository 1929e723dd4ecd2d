import { dockerClient } from './docker.ts';
import { canListenOn } from '../free-port.ts';

/** Docker's name for the machine that its engine runs on. */
export const HOST_NAME = 'host.docker.internal';

/**
 * The address of this machine to listen on so that containers reach it as host.docker.internal: the bridge's
 * own, which nothing outside the machine can reach. Docker Desktop's bridge is in its virtual machine, and
 * forwards to loopback here.
 */
export async function hostAddress(dockerHost: string): Promise<string> {
  const bridge = (await dockerClient(dockerHost).getNetwork('bridge').inspect()) as {
    IPAM?: { Config?: { Gateway?: string; Subnet?: string }[] };
  };
  for (const { Gateway, Subnet } of bridge.IPAM?.Config ?? []) {
    // Docker 20.10 tells no gateway before the first container; it is the first address of the subnet.
    const address = Gateway ?? Subnet?.replace(/\d+\/\d+$/, '1');
    if (address !== undefined && (await canListenOn(address))) return address;
  }
  return '127.0.0.1';
}
