import type { Client } from '#api/client/client';
import type { KubeObject } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import { StatusError } from '#api/machinery/status-error';
import type { Sandbox } from '#api/types/generated/sandbox';
import { SECRETS } from '#api/types/resources';

export type Reader = Pick<Client, 'find'>;

export interface Place {
  namespace: string;
  name: string;
}

/** An object that a Sandbox refers to is in its own namespace unless the reference names one. */
export function refFrom(sandbox: Sandbox, reference: { name: string; namespace?: string }): Place {
  return { name: reference.name, namespace: reference.namespace ?? sandbox.metadata.namespace ?? 'default' };
}

/** @throws StatusError NotFound that names the object; others as they come, a server that is away included. */
export async function readObject<T extends KubeObject>(
  client: Reader,
  type: ResourceType<T>,
  place: Place,
): Promise<T> {
  const found = await client.find(type, place);
  if (found !== undefined) return found;
  throw new StatusError('NotFound', `${type.kind} "${place.namespace}/${place.name}" not found`);
}

/** The values of a Secret by key; undefined for one that it lacks. */
export async function readSecret(client: Reader, place: Place): Promise<(key: string) => string | undefined> {
  const { data = {} } = await readObject(client, SECRETS, place);
  return (key) => {
    const value = data[key];
    return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8').trim();
  };
}
