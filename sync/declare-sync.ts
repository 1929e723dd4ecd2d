import type { Client } from '#api/client/client';
import { formatApiVersion } from '#api/machinery/group-version-kind';
import { SYNCS } from '#api/types/resources';
import type { Sync, SyncSpec } from '#api/types/generated/sync';

export type { SyncSpec };

/** Owns the fields that are asked for on a command line: a flag that is left out the next time takes its field away. */
const MANAGER = 'troupe-sync-flags';

/** Makes a Sync, or makes one fit. @throws StatusError */
export async function declareSync(
  client: Pick<Client, 'apply'>,
  { spec, ...metadata }: { namespace: string; name: string; spec: SyncSpec },
): Promise<void> {
  const apiVersion = formatApiVersion(SYNCS) as Sync['apiVersion'];
  await client.apply(
    SYNCS,
    { apiVersion, kind: 'Sync', metadata, spec },
    { fieldManager: MANAGER, force: true },
  );
}
