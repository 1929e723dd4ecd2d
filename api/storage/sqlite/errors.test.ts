import { describe, expect, it } from 'vitest';
import { StorageError } from '../contract/storage-error.ts';
import { translateSqliteError } from './errors.ts';

const failure = (code: string) => Object.assign(new Error('vendor text'), { code });

describe('translateSqliteError', () => {
  it.each([
    ['SQLITE_FULL', 'Full'],
    ['SQLITE_BUSY_SNAPSHOT', 'Unavailable'],
    ['SQLITE_READONLY_DBMOVED', 'Unavailable'],
    ['SQLITE_IOERR_FSYNC', 'Unavailable'],
    ['SQLITE_TOOBIG', 'TooLarge'],
  ])('%s is %s', (code, expected) => {
    expect(translateSqliteError(failure(code))).toMatchObject({ name: 'StorageError', code: expected });
  });

  it('looks into what Drizzle wraps, and leaves alone what it does not know', () => {
    expect(translateSqliteError(new Error('outer', { cause: failure('SQLITE_FULL') }))).toBeInstanceOf(
      StorageError,
    );
    const bug = new TypeError('a bug');
    expect(translateSqliteError(bug)).toBe(bug);
  });
});
