import { describe, expect, it } from 'vitest';
import { createCorsPolicy } from './cors.ts';
import { refuseCrossOrigin } from './cross-origin.ts';
import { strictTransportSecurity } from './security-headers.ts';

const cors = createCorsPolicy(['^https://console\\.example\\.org$', '//localhost:']);

describe('pages that may call the API', () => {
  it.each([
    ['https://console.example.org', true],
    ['https://console.example.org.attacker.org', false],
    ['https://attacker.org?https://console.example.org', false],
    ['http://localhost:3000', true],
    [`http://localhost:${'3'.repeat(300)}`, false],
    ['null', false],
    [undefined, false],
  ])('%s: %s', (origin, want) => {
    expect(cors.allows(origin)).toBe(want);
    expect(cors.headersFor(origin)['access-control-allow-origin']).toBe(want ? origin : undefined);
  });

  it.each([['console.example.org'], ['^https://console.example.org'], ['^(https$']])(
    'an administrator cannot name %s',
    (pattern) => {
      expect(() => createCorsPolicy([pattern])).toThrow(/the allowed origin/);
    },
  );
});

describe('what a page of another origin makes a browser do', () => {
  const OTHER = 'https://attacker.org';
  it.each<[string, Record<string, string>, boolean, string]>([
    ['POST', {}, true, 'a program that is no browser'],
    ['POST', { 'sec-fetch-site': 'same-origin', origin: 'https://api' }, true, 'a page of ours'],
    ['POST', { 'sec-fetch-site': 'none' }, true, 'a person'],
    ['POST', { 'sec-fetch-site': 'cross-site', origin: OTHER }, false, 'another site'],
    ['DELETE', { 'sec-fetch-site': 'same-site', origin: 'https://other.example' }, false, 'a sister site'],
    [
      'PUT',
      { 'sec-fetch-site': 'cross-site', origin: 'https://console.example.org' },
      true,
      'an allowed page',
    ],
    ['POST', { origin: OTHER, host: 'api:7443' }, false, 'an older browser'],
    ['POST', { origin: 'https://API:7443', host: 'api:7443' }, true, 'an older browser on a page of ours'],
    ['POST', { origin: 'null', host: 'null' }, false, 'a sandboxed page'],
    [
      'GET',
      { 'sec-fetch-site': 'cross-site', origin: OTHER },
      true,
      'what changes nothing cannot be read either',
    ],
    ['GET', { 'sec-fetch-site': 'cross-site', origin: OTHER, upgrade: 'websocket' }, false, 'a WebSocket'],
  ])('%s %j: %s (%s)', (method, headers, want) => {
    const { upgrade } = headers;
    const request = { method, header: (name: string) => headers[name], isUpgrade: upgrade !== undefined };
    const attempt = (): void => refuseCrossOrigin(request, cors);
    if (want) expect(attempt).not.toThrow();
    else expect(attempt).toThrow(/a page of another origin may not do this/);
  });
});

describe('Strict-Transport-Security', () => {
  it('has the directives of RFC 6797', () => {
    expect(strictTransportSecurity(['max-age=60', 'includeSubDomains'])).toBe(
      'max-age=60; includeSubDomains',
    );
  });

  it.each([[['includeSubDomains']], [['max-age=x']], [['max-age=60', 'x\r\ny']]])(
    'refuses %j',
    (directives) => {
      expect(() => strictTransportSecurity(directives)).toThrow(/Strict-Transport-Security/);
    },
  );
});
