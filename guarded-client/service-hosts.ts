import { lookup } from 'node:dns/promises';
import type { LookupAddress } from 'node:dns';
import { networkInterfaces } from 'node:os';

/** Docker's name for the machine that its engine runs on. On Linux, no DNS knows it outside of containers. */
const THIS_MACHINE = 'host.docker.internal';

/**
 * All addresses of the host of a service that a manifest names, to be judged: `host.docker.internal` is the machine of this
 * process. Rejects as node:dns does.
 */
export async function lookUpService(host: string): Promise<LookupAddress[]> {
  if (host !== THIS_MACHINE) return lookup(host, { all: true });
  return [...ofThisMachine(), ...(await lookup(host, { all: true }).catch(() => []))]; // few systems know the name
}

/** Loopback first: a service that listens there is for this machine alone. Then the bridges, where others listen. */
function ofThisMachine(): LookupAddress[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const loopbackFirst = all.toSorted((a, b) => Number(b.internal) - Number(a.internal));
  return loopbackFirst.map(({ address, family }) => ({ address, family: family === 'IPv4' ? 4 : 6 }));
}
