import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExtendedNonceKey } from './extended-nonce-gcm.ts';

const key = new ExtendedNonceKey(Buffer.alloc(32, 7));
const seed = { seed: 4, numRuns: 200 };
const text = fc.string({ unit: 'binary', maxLength: 200 });

describe('XAES-256-GCM', () => {
  // https://github.com/C2SP/C2SP/blob/main/XAES-256-GCM.md, section Test Vectors.
  it.each([
    { byte: 1, owner: '', sealed: 'ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271' },
    {
      byte: 3,
      owner: 'c2sp.org/XAES-256-GCM',
      sealed: '986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d',
    },
  ])('opens the published vector of key $byte', ({ byte, owner, sealed }) => {
    const message = Buffer.concat([Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWX'), Buffer.from(sealed, 'hex')]);
    expect(new ExtendedNonceKey(Buffer.alloc(32, byte)).open(message, owner)).toBe('XAES-256-GCM');
  });

  it('gives back whatever text was sealed, to its owner', () => {
    fc.assert(
      fc.property(text, text, (given, owner) => {
        const wellFormed = given.toWellFormed();
        expect(key.open(key.seal(wellFormed, owner), owner)).toBe(wellFormed);
      }),
      seed,
    );
  });

  it('refuses a message of which any bit was changed, and any part of one', () => {
    const changed = fc.record({ given: text, at: fc.nat(), bit: fc.integer({ min: 0, max: 7 }) });
    fc.assert(
      fc.property(changed, ({ given, at, bit }) => {
        const sealed = key.seal(given, 'owner');
        const place = at % sealed.length;
        const damaged = Buffer.from(sealed);
        damaged.writeUInt8(damaged.readUInt8(place) ^ (1 << bit), place);
        expect(key.open(damaged, 'owner')).toBeUndefined();
        expect(key.open(sealed.subarray(0, place), 'owner')).toBeUndefined();
      }),
      seed,
    );
  });

  it('refuses the text of another owner and of another key', () => {
    const sealed = key.seal('text', 'owner');
    expect(key.open(sealed, 'owner ')).toBeUndefined();
    expect(new ExtendedNonceKey(Buffer.alloc(32, 8)).open(sealed, 'owner')).toBeUndefined();
  });

  it('never seals two texts alike', () => {
    const sealed = Array.from({ length: 1000 }, () => key.seal('text', 'owner').toString('hex'));
    expect(new Set(sealed.map((hex) => hex.slice(0, 48))).size, 'nonces').toBe(1000);
    expect(new Set(sealed.map((hex) => hex.slice(48))).size, 'ciphertexts').toBe(1000);
  });

  it('takes keys of 256 bits only', () => {
    expect(() => new ExtendedNonceKey(Buffer.alloc(16))).toThrow('32 bytes');
  });
});
