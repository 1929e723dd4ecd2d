import type { Client } from '#api/client/client';
import type { ObjectRef } from '#api/machinery/resource-type';
import { ignoreNotFound } from '#api/machinery/status-error';
import { CLAIMS } from './cluster-objects.ts';

/**
 * Deletes a claim and waits until it is gone: the cluster keeps it until no Pod has it (its finalizer
 * kubernetes.io/pvc-protection), and then gives the volume back. Idempotent.
 * @throws StatusError; the signal's reason
 */
export async function removeClaim(client: Client, ref: ObjectRef, signal: AbortSignal): Promise<void> {
  await ignoreNotFound(client.delete(CLAIMS, ref));
  for (;;) {
    const found = await client.within(signal).find(CLAIMS, ref);
    if (found === undefined) return;
    const { resourceVersion = '' } = found.metadata;
    const selection = { namespace: ref.namespace ?? '', fieldSelector: `metadata.name=${ref.name}` };
    for await (const { type } of client.watch(CLAIMS, { ...selection, resourceVersion, signal })) {
      if (type === 'DELETED') return;
      // One that is too old: it is looked up again.
      if (type === 'ERROR') break;
    }
  }
}
