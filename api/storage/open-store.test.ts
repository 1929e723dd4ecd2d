import { describe, expect, it } from 'vitest';
import { silentLogger } from '../machinery/logger.ts';
import { openStore } from './open-store.ts';

describe('openStore', () => {
  it.each([
    'sqlite:',
    'postgres://user:secret@host/db',
    'mysql://user:secret@',
    'mysql://user:secret@127.0.0.1:1/db',
  ])('refuses %s without repeating its password', async (url) => {
    const error: unknown = await openStore({ url, logger: silentLogger }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'StorageError', code: 'Unavailable' });
    expect(String((error as Error).stack)).not.toContain('secret');
  });
});
