import { describe, expect, it } from 'vitest';
import { StorageError } from '../storage/contract.ts';
import type { StorageErrorCode } from '../storage/contract.ts';
import { storageFailure } from './storage-failure.ts';
import type { Resource } from './resource.ts';

const resource = { group: 'agent.wecode.io', plural: 'tasks' } as Resource;

describe('failures of the store', () => {
  it.each<[StorageErrorCode, number, string, string]>([
    ['Exists', 409, 'AlreadyExists', 'already exists'],
    ['NotFound', 404, 'NotFound', 'not found'],
    ['Conflict', 409, 'Conflict', 'the object has been modified'],
    ['Compacted', 410, 'Expired', 'vendor text'],
    ['FutureRevision', 504, 'Timeout', 'Timeout: vendor text'],
    ['TooSlow', 504, 'Timeout', 'watch again'],
    ['Full', 503, 'ServiceUnavailable', 'no space left; nothing was stored'],
    ['TooLarge', 413, 'RequestEntityTooLarge', 'larger than the database takes'],
    ['OverLimit', 413, 'RequestEntityTooLarge', 'vendor text'],
    ['Unavailable', 503, 'ServiceUnavailable', 'cannot be reached'],
    ['Closed', 503, 'ServiceUnavailable', 'stopping'],
  ])('%s is %d %s', (code, status, reason, text) => {
    const failure = storageFailure(new StorageError(code, 'vendor text'), { resource, name: 't' });
    expect(failure).toMatchObject({ code: status, reason, message: expect.stringContaining(text) as string });
    if (status === 503) expect(failure).toMatchObject({ details: { retryAfterSeconds: 1 } });
  });

  it('leaves other errors alone', () => {
    const error = new Error('a mistake');
    expect(storageFailure(error, { resource })).toBe(error);
  });
});
