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

/** One object as a server would have stored it; `resource` is `plural.group`. */
export interface Filling {
  resource: string;
  object: Unstructured;
}

/** The database, and the folder of the server that is going to have it. */
export interface FilledDatabase {
  url: string;
  dataFolder: string;
}

/** Puts Ghosts into a database, called `many-0` and so on. */
export function fill(
  database: FilledDatabase,
  { namespace, count }: { namespace: string; count: number },
): Promise<void> {
  return fillWith(database, count, (index) => [
    { resource: GHOSTS_RESOURCE, object: storedGhost(namespace, `many-${index}`) },
  ]);
}

/**
 * Puts objects into a database that no server has open, `count` times as many as `make` gives at once: through the API a
 * hundred thousand would take minutes.
 */
export async function fillWith(
  { url, dataFolder }: FilledDatabase,
  count: number,
  make: (index: number) => readonly Filling[],
): Promise<void> {
  // As a server with this data folder stores them, or it would first encrypt them all.
  const rootKeys = rootKeyFile({ file: path.join(dataFolder, 'encryption-keys'), mayMake: true });
  const encryption = { resources: new Set([GHOSTS_RESOURCE]), rootKeys };
  const store = await openStore({ url, encryption, logger: silentLogger });
  try {
    for (let first = 0; first < count; first += AT_ONCE) {
      const size = Math.min(AT_ONCE, count - first);
      const all = Array.from({ length: size }, (_, i) => make(first + i)).flat();
      await Promise.all(
        all.map(({ resource, object }) => {
          const { namespace = '', name } = object.metadata;
          return store.commit({ op: 'create', key: { resource, namespace, name }, object });
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
