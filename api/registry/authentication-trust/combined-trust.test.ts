import { expect, it } from 'vitest';
import { combinedTrust } from './combined-trust.ts';

const NOW = Date.parse('2026-11-30T00:00:00Z');
const CLIENTS = 'client-ca-file';
const NAMES = 'requestheader-allowed-names';

it.each<[string, Record<string, string>, Record<string, string>, Record<string, string>]>([
  ['nothing is published yet', {}, { [NAMES]: '["a"]' }, { [NAMES]: '["a"]' }],
  [
    'another replica says more',
    { [NAMES]: '["a","b"]' },
    { [NAMES]: '["c","a"]' },
    { [NAMES]: '["a","b","c"]' },
  ],
  ['another replica says something else', { [NAMES]: '["a"]' }, {}, { [NAMES]: '["a"]' }],
  ['somebody has broken it', { [NAMES]: 'a, b' }, { [NAMES]: '["a"]' }, { [NAMES]: '["a"]' }],
  [
    'somebody has put other things in',
    { [NAMES]: '[1,"a"]' },
    { [NAMES]: '["b"]' },
    { [NAMES]: '["a","b"]' },
  ],
  ['somebody has broken a certificate', { [CLIENTS]: 'none' }, {}, {}],
])('where %s', (_, published, own, combined) => {
  expect(combinedTrust(published, own, NOW)).toEqual(combined);
});
