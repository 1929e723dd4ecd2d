import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dockerdPids } from './docker-data-root.ts';
import { installPackages } from '../packages.ts';
import { findProgram, runProgram } from '../program.ts';

export interface EngineBridge extends AsyncDisposable {
  /** What dockerd needs on its command line. */
  readonly args: readonly string[];
}

/**
 * The bridge of a private engine. Alone on the machine it takes docker0 (and removes it afterwards, when it
 * was not there before). Beside another engine it gets a bridge, addresses and packet filter rules of its own
 * and is told to leave the filter alone: a second dockerd empties the chains of the first.
 */
export async function engineBridge(): Promise<EngineBridge> {
  if (dockerdPids().length === 0) {
    const existed = existsSync('/sys/class/net/docker0');
    return { args: [], [Symbol.asyncDispose]: () => (existed ? Promise.resolve() : removeLink('docker0')) };
  }
  await using stack = new AsyncDisposableStack();
  const ip = await ipProgram();
  const name = `troupe${randomBytes(3).toString('hex')}`;
  const subnet = await freeSubnet(ip);
  await runProgram(ip, ['link', 'add', 'name', name, 'type', 'bridge']);
  stack.defer(() => removeLink(name));
  await runProgram(ip, ['address', 'add', `${subnet}.0.1/24`, 'dev', name]);
  await runProgram(ip, ['link', 'set', name, 'up']);
  // No --default-address-pool: with it dockerd 20.10 removes docker0, whoever uses it.
  for (const rule of forwardingRules(name, `${subnet}.0.0/24`)) stack.use(await filterRule(rule));
  const owned = stack.move();
  return {
    args: ['--bridge', name, '--iptables=false'],
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

interface FilterRule {
  table: 'filter' | 'nat';
  chain: string;
  rule: readonly string[];
}

/** What lets containers behind the bridge reach the network, as dockerd would set it up itself. */
function forwardingRules(bridge: string, subnet: string): FilterRule[] {
  return [
    {
      table: 'nat',
      chain: 'POSTROUTING',
      rule: ['-s', subnet, '!', '-o', bridge, '-j', 'MASQUERADE'],
    },
    { table: 'filter', chain: 'FORWARD', rule: ['-i', bridge, '-j', 'ACCEPT'] },
    { table: 'filter', chain: 'FORWARD', rule: ['-o', bridge, '-j', 'ACCEPT'] },
  ];
}

/** Puts a rule in front of its chain until it is disposed of. */
async function filterRule({ table, chain, rule }: FilterRule): Promise<AsyncDisposable> {
  // dockerd itself needs the program, so that its package has brought it.
  const iptables = (await findProgram('iptables')) ?? 'iptables';
  const change = async (operation: '-I' | '-D'): Promise<void> => {
    await runProgram(iptables, ['--wait', '-t', table, operation, chain, ...rule]);
  };
  await change('-I');
  return { [Symbol.asyncDispose]: () => change('-D') };
}

/** The first two numbers of a /16 of which this machine has no address (also on interfaces that are down). */
export async function freeSubnet(ip: string): Promise<string> {
  const addresses = await runProgram(ip, ['-4', '-o', 'address']);
  for (let second = 213; second < 250; second += 1) {
    const subnet = `10.${second}`;
    if (!addresses.includes(` ${subnet}.`)) return subnet;
  }
  throw new Error('no free subnet between 10.213.0.0/16 and 10.249.0.0/16 for a private Docker engine');
}

export async function ipProgram(): Promise<string> {
  const found = await findProgram('ip');
  if (found !== undefined) return found;
  await installPackages(['iproute2'], {
    purpose: 'to give a second Docker engine a bridge of its own',
    otherwise: 'name a running engine in DOCKER_HOST.',
  });
  return (await findProgram('ip')) ?? 'ip';
}

export async function removeLink(name: string): Promise<void> {
  const ip = await findProgram('ip');
  // Without the program an idle bridge stays; the next engine uses it again.
  if (ip !== undefined && existsSync(`/sys/class/net/${name}`))
    await runProgram(ip, ['link', 'delete', name]);
}
