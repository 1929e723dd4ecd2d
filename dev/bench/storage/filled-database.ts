import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { silentLogger } from '#api/machinery/logger';
import type { Unstructured } from '#api/machinery/meta';
import { rootKeyFile } from '#api/data-folder/root-key-file';
import { openStore } from '#api/storage/open-store';
import { sampleGhost } from '../load/sample-object.ts';

/** Writes under way at once: as many as one transaction takes. */
const AT_ONCE = 256;
const GHOSTS_RESOURCE = 'ghosts.agent.wecode.io';

/**
 * Puts Ghosts into a database that no server has open, as a server would have stored them, called `many-0` and so on:
 * through the API a hundred thousand would take minutes.
 */
export async function fill(
  url: string,
  { dataFolder, namespace, count }: { dataFolder: string; namespace: string; count: number },
): Promise<void> {
  // As a server with this data folder stores them, or it would first encrypt them all.
  const rootKeys = rootKeyFile({ file: path.join(dataFolder, 'encryption-keys'), mayMake: true });
  const encryption = { resources: new Set([GHOSTS_RESOURCE]), rootKeys };
  const store = await openStore({ url, encryption, logger: silentLogger });
  try {
    for (let first = 0; first < count; first += AT_ONCE) {
      const size = Math.min(AT_ONCE, count - first);
      await Promise.all(
        Array.from({ length: size }, (_, i) => {
          const name = `many-${first + i}`;
          const key = { resource: GHOSTS_RESOURCE, namespace, name };
          return store.commit({ op: 'create', key, object: storedGhost(namespace, name) });
        }),
      );
    }
  } finally {
    await store.close();
  }
}

function storedGhost(namespace: string, name: string): Unstructured {
  const { metadata, ...rest } = sampleGhost(name) as Unstructured;
  const time = '2026-01-01T00:00:00Z';
  const managedFields = [
    {
      manager: 'bench',
      operation: 'Update',
      apiVersion: 'agent.wecode.io/v1',
      time,
      fieldsType: 'FieldsV1',
      fieldsV1: {
        'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
        'f:spec': { 'f:skills': {}, 'f:systemPrompt': {} },
      },
    },
  ];
  return {
    ...rest,
    metadata: {
      ...metadata,
      namespace,
      uid: randomUUID(),
      generation: 1,
      creationTimestamp: time,
      managedFields,
    },
  };
}
