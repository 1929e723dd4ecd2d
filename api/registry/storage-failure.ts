import {
  alreadyExists,
  conflict,
  expired,
  notFound,
  StatusError,
  unavailable,
} from '../machinery/status-error.ts';
import { StorageError } from '../storage/contract/storage-error.ts';
import type { StorageErrorCode } from '../storage/contract/storage-error.ts';
import type { Resource } from './resource.ts';

type ResourceName = Pick<Resource, 'group' | 'plural'>;

export function isStorageError(error: unknown, code: StorageErrorCode): error is StorageError {
  return error instanceof StorageError && error.code === code;
}

/** What a client is told about a failure of the store; other errors pass as they are. */
export function storageFailure(error: unknown, at: { resource: ResourceName; name?: string }): unknown {
  if (!(error instanceof StorageError)) return error;
  const name = at.name ?? '';
  switch (error.code) {
    case 'Exists':
      return alreadyExists(at.resource, name);
    case 'NotFound':
      return notFound(at.resource, name);
    case 'Conflict':
      return conflict(at.resource, name);
    case 'Compacted':
      return expired(error.message);
    case 'FutureRevision':
      return futureRevision(error);
    case 'TooSlow':
      return new StatusError('Timeout', 'the watch was too slow and fell behind; watch again', {
        cause: error,
      });
    case 'Full':
      return unavailable('the database or its disk has no space left; nothing was stored', error);
    case 'TooLarge':
      return new StatusError('RequestEntityTooLarge', 'the object is larger than the database takes', {
        cause: error,
      });
    case 'OverLimit':
      return new StatusError('RequestEntityTooLarge', error.message, { cause: error });
    case 'Unavailable':
      return unavailable('the database cannot be reached or refuses for now', error);
    case 'Undecryptable':
      return new StatusError('InternalError', error.message, { cause: error });
    case 'StaleKey':
      return unavailable('the encryption keys are being changed', error);
    case 'Diverged':
      return unavailable('the database lost revisions or was exchanged; read again before you write', error);
    case 'OutcomeUnknown':
      // Without Retry-After: client-go would repeat a create with generateName by itself.
      return new StatusError(
        'Timeout',
        'Timeout: the database did not say in time whether the write happened',
        {
          cause: error,
        },
      );
    case 'Closed':
      return unavailable('the server is stopping', error);
  }
}

/** kube-apiserver's answer to a resourceVersion that is still to come. */
function futureRevision(error: StorageError): StatusError {
  const message = 'Too large resource version';
  return new StatusError('Timeout', `Timeout: ${error.message}`, {
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message }],
      retryAfterSeconds: 1,
    },
    cause: error,
  });
}

/** Awaits a call of the store and translates its failure. */
export async function translated<T>(
  promise: Promise<T>,
  at: { resource: ResourceName; name?: string },
): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw storageFailure(error, at);
  }
}
