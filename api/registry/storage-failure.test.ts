import { describe, expect, it } from 'vitest';
import { StorageError } from '../storage/contract/storage-error.ts';
import type { StorageErrorCode } from '../storage/contract/storage-error.ts';
import { storageFailure } from './storage-failure.ts';
import type { Resource } from './resource.ts';

const resource = { group: 'agent.wecode.io', plural: 'tasks' } as Resource;

describe('failures of the store', () => {
  interface Expected {
    status: number;
    reason: string;
    text: string;
    /** Whether a client that repeats the request by itself does no harm. */
    retry?: boolean;
  }

  const expected: Record<StorageErrorCode, Expected> = {
    Exists: { status: 409, reason: 'AlreadyExists', text: 'already exists' },
    NotFound: { status: 404, reason: 'NotFound', text: 'not found' },
    Conflict: { status: 409, reason: 'Conflict', text: 'the object has been modified' },
    Compacted: { status: 410, reason: 'Expired', text: 'vendor text' },
    FutureRevision: { status: 504, reason: 'Timeout', text: 'Timeout: vendor text', retry: true },
    TooSlow: { status: 504, reason: 'Timeout', text: 'watch again' },
    Unavailable: { status: 503, reason: 'ServiceUnavailable', text: 'cannot be reached', retry: true },
    OutcomeUnknown: {
      status: 504,
      reason: 'Timeout',
      text: 'did not say in time whether the write happened',
    },
    Full: {
      status: 503,
      reason: 'ServiceUnavailable',
      text: 'no space left; nothing was stored',
      retry: true,
    },
    TooLarge: { status: 413, reason: 'RequestEntityTooLarge', text: 'larger than the database takes' },
    OverLimit: { status: 413, reason: 'RequestEntityTooLarge', text: 'vendor text' },
    Diverged: {
      status: 503,
      reason: 'ServiceUnavailable',
      text: 'read again before',
      retry: true,
    },
    Undecryptable: { status: 500, reason: 'InternalError', text: 'vendor text' },
    StaleKey: { status: 503, reason: 'ServiceUnavailable', text: 'keys are being changed', retry: true },
    Closed: { status: 503, reason: 'ServiceUnavailable', text: 'stopping', retry: true },
  };

  it.each(Object.entries(expected))('%s is answered as %j', (code, { status, reason, text, retry }) => {
    const error = new StorageError(code as StorageErrorCode, 'vendor text');
    const failure = storageFailure(error, { resource, name: 't' });
    expect(failure).toMatchObject({ code: status, reason, message: expect.stringContaining(text) as string });
    const { details } = failure as { details?: { retryAfterSeconds?: number } };
    expect(details?.retryAfterSeconds).toBe(retry === true ? 1 : undefined);
  });

  it('leaves other errors alone', () => {
    const error = new Error('a mistake');
    expect(storageFailure(error, { resource })).toBe(error);
  });
});
