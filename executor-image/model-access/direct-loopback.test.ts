import { expect, it } from 'vitest';
import { withDirectLoopback } from './direct-loopback.ts';

const LOOPBACK = '127.0.0.1,localhost,::1';

it.each([
  ['no proxy', { PATH: '/bin' }, {}],
  ['a proxy', { HTTPS_PROXY: 'p' }, { NO_PROXY: LOOPBACK, no_proxy: LOOPBACK }],
  ['one in lower case', { http_proxy: 'p' }, { NO_PROXY: LOOPBACK, no_proxy: LOOPBACK }],
  [
    'a proxy with exceptions',
    { HTTP_PROXY: 'p', no_proxy: 'a.example, localhost' },
    { NO_PROXY: 'a.example,localhost,127.0.0.1,::1', no_proxy: 'a.example,localhost,127.0.0.1,::1' },
  ],
])('%s', (_, given, added) => {
  expect(withDirectLoopback(given as Record<string, string>)).toEqual({ ...given, ...added });
});
