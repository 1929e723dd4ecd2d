import { isDeepStrictEqual } from 'node:util';
import type { Client } from '#api/client/client';
import { MAX_REQUEST_BYTES } from '#api/machinery/max-request-bytes';
import type { KubeObject } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import { conflict, isStatusError, StatusError } from '#api/machinery/status-error';

/**
 * Writes a status if it differs from what `object` has, and returns the object as it is now. The write is
 * checked against the resourceVersion of `object`: one that was worked out from an old state is a Conflict, and
 * a write that would change nothing is not sent, since every write wakes every watcher.
 * @throws StatusError Conflict; RequestEntityTooLarge for what no server takes; whatever the server answers
 */
export async function writeStatus<T extends KubeObject & { status?: unknown }>(
  client: Pick<Client, 'updateStatus'>,
  type: ResourceType<T>,
  change: { object: T; status: NonNullable<T['status']> },
): Promise<T> {
  const { object } = change;
  const status = withoutUndefined(change.status);
  if (isDeepStrictEqual(object.status, status)) return object;
  const next = { ...object, status };
  requireFitting(next);
  try {
    return await client.updateStatus(type, next);
  } catch (error) {
    // Deleted meanwhile: the state it was worked out from is an old one, as with any other Conflict.
    throw isStatusError(error, 'NotFound') ? conflict(type, object.metadata.name, 'it was deleted') : error;
  }
}

/** A server that stops reading may close the connection before its answer is read, which looks like one that is away. */
function requireFitting(object: KubeObject): void {
  const bytes = Buffer.byteLength(JSON.stringify(object));
  if (bytes <= MAX_REQUEST_BYTES) return;
  throw new StatusError(
    'RequestEntityTooLarge',
    `the object would be ${bytes} bytes of JSON; the limit is ${MAX_REQUEST_BYTES}`,
  );
}

/** As it looks after its way over the wire: fields that are undefined are not there. */
function withoutUndefined<V>(value: V): V {
  return JSON.parse(JSON.stringify(value)) as V;
}
