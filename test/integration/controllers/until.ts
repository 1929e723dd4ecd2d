import type { Client } from '#api/client/client';
import type { KubeObject } from '#api/machinery/meta';
import type { ObjectRef, ResourceType } from '#api/machinery/resource-type';

/** Which object is waited for. */
export interface Awaited<T extends KubeObject> extends ObjectRef {
  type: ResourceType<T>;
}

/** Waits until the object is as `holds` wants it (undefined: absent), by watching; the test's time limit bounds it. */
export async function until<T extends KubeObject>(
  client: Client,
  { type, namespace, name }: Awaited<T>,
  holds: (object: T | undefined) => boolean,
): Promise<T | undefined> {
  const options = namespace === undefined ? {} : { namespace };
  const list = await client.list(type, options);
  const known = list.items.find((item) => item.metadata.name === name);
  if (holds(known)) return known;
  const stop = new AbortController();
  const resourceVersion = list.metadata.resourceVersion ?? '';
  for await (const event of client.watch(type, { ...options, resourceVersion, signal: stop.signal })) {
    if (event.type === 'ERROR') throw new Error(event.object.message);
    if (event.type === 'BOOKMARK' || event.object.metadata.name !== name) continue;
    const object = event.type === 'DELETED' ? undefined : event.object;
    if (holds(object)) return object;
  }
  throw new Error(`the watch of ${type.plural} ended`);
}
