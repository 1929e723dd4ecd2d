import type { KubeObject, Unstructured } from '#api/machinery/meta';
import type { StorageKey, StoredObject, StoreEvent } from '#api/storage/contract/objects';
import type { Store } from '#api/storage/contract/store';

export const TASKS = 'tasks.agent.wecode.io';

export const taskKey = (name: string, namespace = 'default'): StorageKey => ({
  resource: TASKS,
  namespace,
  name,
});

/** An object as the registry would store it. `value` tells states apart. */
export function task(key: StorageKey, value: unknown = 0): Unstructured {
  const { name, namespace } = key;
  return {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Task',
    metadata: { name, namespace, uid: `uid-${name}` },
    spec: { value },
  };
}

export function create(store: Store, key: StorageKey, value?: unknown): Promise<StoredObject> {
  return store.commit({ op: 'create', key, object: task(key, value) });
}

export function update(store: Store, current: StoredObject, value: unknown): Promise<StoredObject> {
  const { key, revision } = current;
  return store.commit({ op: 'update', key, object: task(key, value), expectedRevision: revision });
}

export function remove(store: Store, current: StoredObject): Promise<StoredObject> {
  return store.commit({ op: 'delete', key: current.key, expectedRevision: current.revision });
}

export const valueOf = (stored: StoredObject | undefined): unknown =>
  (stored?.object as (KubeObject & { spec?: { value: unknown } }) | undefined)?.spec?.value;

/** An event as one line, with the value before and after. */
export const eventText = (event: StoreEvent): string =>
  `${event.revision} ${event.type} ${event.object.key.name} ${String(valueOf(event.previous))}>${String(valueOf(event.object))}`;

/** Reads a watch until `count` events came. */
export async function collect(
  store: Store,
  query: { after: number; count: number; namespace?: string; resource?: string },
): Promise<StoreEvent[]> {
  const { after, count, namespace, resource = TASKS } = query;
  const events: StoreEvent[] = [];
  if (count === 0) return events;
  const end = new AbortController();
  const where = namespace === undefined ? {} : { namespace };
  for await (const batch of store.watch({ resource, after, signal: end.signal, ...where })) {
    events.push(...batch);
    if (events.length >= count) break;
  }
  end.abort();
  return events;
}
