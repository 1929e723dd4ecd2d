import { describe, expect, it } from 'vitest';
import { readApiConfig } from './config.ts';

describe('readApiConfig', () => {
  it('takes an empty variable for none', () => {
    expect(readApiConfig({ TROUPE_DATABASE_URL: '', TROUPE_DATABASE_CONNECTIONS: '' })).toEqual({});
    expect(readApiConfig({ TROUPE_DATABASE_CONNECTIONS: '8' })).toEqual({ databaseConnections: 8 });
  });

  it.each(['1', '0', '-5', '1001', '2.5', 'many', '1e3', ' 4'])('refuses %j connections', (text) => {
    expect(() => readApiConfig({ TROUPE_DATABASE_CONNECTIONS: text })).toThrow(
      /^TROUPE_DATABASE_CONNECTIONS must be a whole number from 2 to 1000, not /,
    );
  });
});
