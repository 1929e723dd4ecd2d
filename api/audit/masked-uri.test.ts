import { expect, it } from 'vitest';
import { maskedURI } from './masked-uri.ts';

it.each([
  ['/api/v1/pods', '/api/v1/pods'],
  ['/api/v1/pods?watch=1&fieldSelector=a%3Db', '/api/v1/pods?watch=1&fieldSelector=a%3Db'],
  ['/x?token=abc&a=b', '/x?token=[redacted]&a=b'],
  ['/x?a=b&access_token=abc', '/x?a=b&access_token=[redacted]'],
  ['/x?%74oken=abc', '/x?%74oken=[redacted]'],
  ['/x?TOKEN=abc', '/x?TOKEN=[redacted]'],
  [
    '/x?api-key=abc&key=abc&code=abc&client_secret=abc&password=',
    '/x?api-key=[redacted]&key=[redacted]&code=[redacted]&client_secret=[redacted]&password=[redacted]',
  ],
  ['/x?%E0%A4%A=a', '/x?%E0%A4%A=a'],
  ['/x?token', '/x?token'],
  ['/x?continue=abc', '/x?continue=abc'],
])('%s', (uri, masked) => {
  expect(maskedURI(uri)).toBe(masked);
});

it('a long one is cut', () => {
  expect(maskedURI(`/${'x'.repeat(10_000)}`)).toMatch(/^\/x{8191}\.\.\.TRUNCATED$/);
});
