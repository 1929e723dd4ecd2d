import { describe, expect, it } from 'vitest';
import { isConnectionLost, isTransactionConflict, translateMysqlError } from './errors.ts';

const failure = (fields: { code?: string; errno?: number; fatal?: boolean }) =>
  Object.assign(new Error('vendor text'), fields);

describe('errors of MySQL', () => {
  it.each([
    { error: failure({ code: 'ECONNREFUSED', errno: -111, fatal: true }), code: 'Unavailable', lost: true },
    { error: failure({ code: 'PROTOCOL_CONNECTION_LOST', fatal: true }), code: 'Unavailable', lost: true },
    { error: failure({ errno: 1927 }), code: 'Unavailable', lost: true },
    { error: failure({ errno: 3169 }), code: 'Unavailable', lost: true },
    { error: failure({ errno: 4031 }), code: 'Unavailable', lost: true },
    { error: failure({ errno: 1969 }), code: 'Unavailable', lost: false },
    { error: failure({ errno: 1040 }), code: 'Unavailable', lost: false },
    { error: failure({ errno: 1213 }), code: 'Unavailable', lost: false },
    { error: failure({ errno: 1153 }), code: 'TooLarge', lost: false },
    { error: failure({ errno: 1114 }), code: 'Full', lost: false },
    { error: failure({ fatal: true }), code: 'Unavailable', lost: true },
  ])('$error.code $error.errno is $code', ({ error, code, lost }) => {
    expect(translateMysqlError(error)).toMatchObject({ name: 'StorageError', code });
    expect(isConnectionLost(error)).toBe(lost);
  });

  it('leaves alone what is a bug: a statement that is wrong', () => {
    const wrong = failure({ errno: 1064 });
    expect(translateMysqlError(wrong)).toBe(wrong);
    expect(isTransactionConflict(wrong)).toBe(false);
  });
});
