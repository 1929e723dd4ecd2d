import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { dockerdPids } from './docker-data-root.ts';
import { installPackages } from './packages.ts';
import { findProgram, runProgram } from './program.ts';

export interface EngineBridge extends AsyncDisposable {
  /** What dockerd needs on its command line. */
  readonly args: readonly string[];
}

/**
 * The bridge of a private engine. Alone on the machine it takes docker0 (and removes it afterwards, when it
 * was not there before); beside another engine it gets a bridge and subnets of its own, since two engines on
 * one bridge give the same address to two containers.
 */
export async function engineBridge(): Promise<EngineBridge> {
  if (dockerdPids().length === 0) {
    const existed = existsSync('/sys/class/net/docker0');
    return { args: [], [Symbol.asyncDispose]: () => (existed ? Promise.resolve() : removeLink('docker0')) };
  }
  const ip = await ipProgram();
  const name = `troupe${randomBytes(3).toString('hex')}`;
  const subnet = freeSubnet();
  await runProgram(ip, ['link', 'add', 'name', name, 'type', 'bridge']);
  await runProgram(ip, ['address', 'add', `${subnet}.0.1/24`, 'dev', name]);
  await runProgram(ip, ['link', 'set', name, 'up']);
  return {
    args: ['--bridge', name, '--default-address-pool', `base=${subnet}.128.0/17,size=24`],
    [Symbol.asyncDispose]: () => removeLink(name),
  };
}

/** The first two numbers of a /16 of which this machine has no address. */
function freeSubnet(): string {
  const taken = Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).map((a) => a.address),
  );
  for (let second = 213; second < 250; second += 1) {
    const subnet = `10.${second}`;
    if (!taken.some((address) => address.startsWith(`${subnet}.`))) return subnet;
  }
  throw new Error('no free subnet between 10.213.0.0/16 and 10.249.0.0/16 for a private Docker engine');
}

async function ipProgram(): Promise<string> {
  const found = await findProgram('ip');
  if (found !== undefined) return found;
  await installPackages(['iproute2'], {
    purpose: 'to give a second Docker engine a bridge of its own',
    otherwise: 'name a running engine in DOCKER_HOST.',
  });
  return (await findProgram('ip')) ?? 'ip';
}

async function removeLink(name: string): Promise<void> {
  const ip = await findProgram('ip');
  // Without the program an idle bridge stays; the next engine uses it again.
  if (ip !== undefined && existsSync(`/sys/class/net/${name}`))
    await runProgram(ip, ['link', 'delete', name]);
}
