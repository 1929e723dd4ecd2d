import type { AddressGuard } from '#guarded-client/address-guard';
import { RefusedAddressError } from '#guarded-client/refused-address-error';
import { SyncFailure } from '../sync-failure.ts';

const PORTS: Readonly<Record<string, number>> = { 'https:': 443, 'http:': 80, 'git:': 9418, 'ssh:': 22 };

/**
 * Judges the address of a repository that somebody has written into a Sync, as all addresses of users are judged
 * (docs/adr/0034). Returns options that hold git to the address that was judged: over http and https it asks no name
 * server again, and follows no redirect.
 * @throws SyncFailure InvalidSource for a file, FetchFailed for a host that is refused or not found
 */
export async function judgedConnection(url: string, guard: AddressGuard): Promise<string[]> {
  const { protocol, host, port } = endpointOf(url);
  if (protocol === 'file:') {
    const message = 'spec.source.url: a file is read only by a loop that was started for this Sync alone';
    throw new SyncFailure('InvalidSource', message, { isFinal: true });
  }
  const addresses = await guard.addressesOf({ host, port }).catch((error: unknown) => {
    const why = error instanceof RefusedAddressError ? error.message : `host ${host} cannot be found`;
    throw new SyncFailure('FetchFailed', why, { cause: error });
  });
  if (protocol !== 'http:' && protocol !== 'https:') return [];
  const pinned = addresses.map(({ address, family }) => (family === 6 ? `[${address}]` : address)).join(',');
  return ['-c', `http.curloptResolve=${host}:${port}:${pinned}`, '-c', 'http.followRedirects=false'];
}

function endpointOf(url: string): { protocol: string; host: string; port: number } {
  // user@host:path is ssh.
  const short = /^(?:[^@/]+@)?([^:/]+):(?!\/\/)/.exec(url);
  if (short !== null) return { protocol: 'ssh:', host: short[1] ?? '', port: 22 };
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return { protocol, host, port: port === '' ? (PORTS[protocol] ?? 0) : Number(port) };
}
