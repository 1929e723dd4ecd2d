import { describe, expect, it } from 'vitest';
import { hashPassword, isOutdated, PARAMETERS, verifyPassword } from './password-hash.ts';

const CHEAP = { memory: 64, passes: 1, parallelism: 1 };

describe('the hash of a password', () => {
  it('is a PHC string with the parameters of OWASP, and no two are the same', async () => {
    const hash = await hashPassword('correct horse battery');
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
    expect(await hashPassword('correct horse battery')).not.toBe(hash);
    expect(await verifyPassword('correct horse battery', hash)).toBe(true);
    expect(await verifyPassword('correct horse batterx', hash)).toBe(false);
  });

  it('is the one that the reference implementation makes', async () => {
    // phc-winner-argon2, src/test.c: version 0x13, t=2, m=2^8, p=1, Argon2id.
    const known = '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4';
    expect(await verifyPassword('password', known)).toBe(true);
  });

  it('is of one form of Unicode', async () => {
    const hash = await hashPassword('caf\u00e9 au lait, s\u2019il', CHEAP);
    expect(await verifyPassword('cafe\u0301 au lait, s\u2019il', hash)).toBe(true);
  });

  it('is outdated when the parameters are others', async () => {
    const hash = await hashPassword('x', CHEAP);
    expect(isOutdated(hash, CHEAP)).toBe(false);
    expect(isOutdated(hash, PARAMETERS)).toBe(true);
  });

  it.each([
    ['', 'nothing'],
    ['$2b$12$abcdefghijklmnopqrstuv', 'another algorithm'],
    ['$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4', 'another variant'],
    [
      '$argon2id$v=19$m=9999999,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
      'ten GB of memory',
    ],
  ])('%s is refused', async (phc, reason) => {
    await expect(verifyPassword('x', phc), reason).rejects.toThrow('cannot be read');
  });
});
