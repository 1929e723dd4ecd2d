import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isSecretOf, makeApiKey, parseApiKey } from './api-key.ts';

const id = fc.stringMatching(/^[0-9a-f]{32}$/);

it('is read back, and its secret is known by the hash', () => {
  fc.assert(
    fc.property(id, (of) => {
      const { key, hash } = makeApiKey(of);
      const parsed = parseApiKey(key);
      expect(parsed?.id).toBe(of);
      expect(isSecretOf(parsed?.secret ?? '', hash)).toBe(true);
      expect(isSecretOf(parseApiKey(makeApiKey(of).key)?.secret ?? '', hash), 'of another').toBe(false);
    }),
  );
});

it('is nothing when a character of it is another, or is missing', () => {
  const { key } = makeApiKey('0123456789abcdef'.repeat(2));
  fc.assert(
    fc.property(fc.nat(key.length - 1), fc.stringMatching(/^[0-9A-Za-z]?$/), (at, character) => {
      const changed = key.slice(0, at) + character + key.slice(at + 1);
      fc.pre(changed !== key);
      expect(parseApiKey(changed)).toBeUndefined();
    }),
  );
});
