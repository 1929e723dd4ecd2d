import { describe, expect, it } from 'vitest';
import { connectionOptions } from './connection-options.ts';

describe('connectionOptions', () => {
  it.each([
    [
      'mysql://u:p%40ss@db:3307/troupe',
      { host: 'db', port: 3307, user: 'u', password: 'p@ss', database: 'troupe' },
    ],
    ['mysql://u@[::1]/t', { host: '::1', port: 3306, user: 'u', password: '', database: 't' }],
  ])('%s', (url, expected) => {
    expect(connectionOptions(url)).toMatchObject(expected);
  });

  it.each([
    'mysql://user:secret@host',
    'mysql://user:secret@:3306/x',
    'mysql://user:secret@a b/x',
    'mysql://user:secret%zz@host/x',
  ])('refuses %s without repeating it', (url) => {
    expect(() => connectionOptions(url)).toThrow('must be mysql://user:password@host:port/database');
    expect(() => connectionOptions(url)).not.toThrow('secret');
  });
});
