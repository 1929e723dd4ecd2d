import { networkInterfaces } from 'node:os';
import { dockerClient } from './docker.ts';

/** Name under which a sandbox reaches the machine it runs on. */
export const HOST_NAME = 'host.docker.internal';

/**
 * The address of this machine to listen on so that containers reach it as host.docker.internal: the bridge's
 * own, which nothing outside the machine can reach. Docker Desktop's bridge is in its virtual machine, and
 * forwards to loopback here.
 */
export async function hostAddress(dockerHost: string): Promise<string> {
  const bridge = (await dockerClient(dockerHost).getNetwork('bridge').inspect()) as {
    IPAM?: { Config?: { Gateway?: string }[] };
  };
  const gateways = (bridge.IPAM?.Config ?? []).map(({ Gateway }) => Gateway);
  const ours = new Set(
    Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map((a) => a.address)),
  );
  return gateways.find((gateway) => gateway !== undefined && ours.has(gateway)) ?? '127.0.0.1';
}
