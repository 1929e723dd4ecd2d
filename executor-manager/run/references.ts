import type { Client } from '#api/client/client';
import type { KubeObject } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import { StatusError } from '#api/machinery/status-error';
import { isMask } from '#api/types/credentials/credential';
import { credentialFieldsOf } from '#api/types/credentials/credential-fields';
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

/**
 * An object with its credentials.
 * @throws StatusError NotFound that names the object, Forbidden when credentials in it are masked; others as they come, a
 * server that is away included.
 */
export async function readObject<T extends KubeObject>(
  client: Reader,
  type: ResourceType<T>,
  place: Place,
): Promise<T> {
  const found = await client.find(type, place);
  const shown = `${type.kind} "${place.namespace}/${place.name}"`;
  if (found === undefined) throw new StatusError('NotFound', `${shown} not found`);
  const masked = maskedField(type, found);
  if (masked === undefined) return found;
  // Whoever sent a mask on as a key would only be told that the key is wrong.
  throw new StatusError('Forbidden', `${shown}: ${masked} is masked; reading it needs the verb reveal`);
}

function maskedField({ group, plural }: ResourceType, object: KubeObject): string | undefined {
  let masked: string | undefined;
  credentialFieldsOf(`${plural}.${group}`)?.({ ...object }, ({ field, value }) => {
    if (isMask(value)) masked ??= field;
    return value;
  });
  return masked;
}

/** One value of a Secret. @throws StatusError as readObject, and NotFound that names the key which it lacks. */
export async function readSecretValue(client: Reader, place: Place, key: string): Promise<string> {
  const value = (await readSecret(client, place))(key);
  if (value !== undefined) return value;
  throw new StatusError('NotFound', `Secret "${place.namespace}/${place.name}" has no key "${key}"`);
}

/** The values of a Secret by key; undefined for one that it lacks. */
export async function readSecret(client: Reader, place: Place): Promise<(key: string) => string | undefined> {
  const { data = {} } = await readObject(client, SECRETS, place);
  return (key) => {
    const value = data[key];
    return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8').trim();
  };
}
