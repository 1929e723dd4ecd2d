import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAddressTokens } from './address-tokens.ts';

const SECRET = Buffer.alloc(32, 1);
const tokens = createAddressTokens(SECRET);
const addressee = { uid: 'u', node: 'n' };
const EXPIRES = 1000;
const token = tokens.tokenFor(addressee, EXPIRES);
const before = EXPIRES * 1000 - 1;

describe('a token in an address', () => {
  it('is good until it expires, for every replica', () => {
    expect(tokens.isGood(token, addressee, before)).toBe(true);
    expect(createAddressTokens(SECRET).isGood(token, addressee, before)).toBe(true);
    expect(tokens.isGood(token, addressee, EXPIRES * 1000)).toBe(false);
  });

  it.each([
    { why: 'another Task', token, other: { uid: 'v', node: 'n' } },
    { why: 'another node', token, other: { uid: 'u', node: 'm' } },
    { why: 'parts that were moved', token, other: { uid: 'u"', node: 'n' } },
    { why: 'a later end', token: token.replace(/^\d+/, '9999999999'), other: addressee },
    { why: 'nothing', token: '', other: addressee },
    { why: 'no end', token: token.replace(/^\d+/, ''), other: addressee },
    { why: 'no code', token: `${EXPIRES}.`, other: addressee },
    { why: 'a time that is not in decimal digits', token: token.replace(/^\d+/, '1e9'), other: addressee },
    { why: 'more than a token', token: `${token}=`, other: addressee },
  ])('is not good for $why', ({ token: shown, other }) => {
    expect(tokens.isGood(shown, other, 0)).toBe(false);
  });

  it('is not good under another key', () => {
    expect(createAddressTokens(Buffer.alloc(32, 2)).isGood(token, addressee, 0)).toBe(false);
  });

  it('cannot be made of any text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string({ minLength: 43, maxLength: 43 }).map((text) => `99999999999.${text}`),
        ),
        (text) => {
          expect(tokens.isGood(text, addressee, 0)).toBe(false);
        },
      ),
    );
  });
});
