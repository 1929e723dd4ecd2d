import { sign, verify } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../machinery/logger.ts';
import { createManualClock } from '../../machinery/manual-clock.ts';
import type { ManualClock } from '../../machinery/manual-clock.ts';
import { maintained, newRing, parseRing, ringText, signerAt } from './key-ring.ts';
import type { KeyRing, RingRules } from './key-ring.ts';
import { loadSigningKeys } from './signing-keys.ts';
import type { KeysOfFile } from './signing-keys.ts';

const DAY = 24 * 60 * 60 * 1000;
const START = Date.parse('2030-01-01T00:00:00Z');
const RULES: RingRules = { rotateAfter: 90 * DAY, publishFor: DAY, tokenLife: 30 * DAY };

describe('a ring through its years', () => {
  /** Looks once a day, and keeps what the file would hold. */
  function grown(days: number): KeyRing {
    let ring = newRing(START);
    for (let day = 1; day <= days; day++) {
      ring = parseRing(ringText(maintained(ring, START + day * DAY, RULES)));
    }
    return ring;
  }

  it.each([
    [0, 1, 'one key signs from the start'],
    [89, 1, 'a young key signs alone'],
    [90, 2, 'its successor is shown before it signs'],
    [91, 2, 'and then signs; the older one verifies'],
    [120, 2, 'as long as its tokens live'],
    [122, 1, 'and is gone when they have ended'],
    [400, 1, 'keys do not pile up'],
  ])('day %d: %d keys, as %s', (days, count) => {
    const ring = grown(days);
    expect(ring.keys).toHaveLength(count);
    const signer = signerAt(ring, START + days * DAY);
    expect(signer).toBeDefined();
    for (const key of ring.keys) {
      const signsOrWill = key.signsFrom >= (signer?.signsFrom ?? 0);
      expect(key.privateKey !== undefined, 'a key that no longer signs has no private half').toBe(
        signsOrWill,
      );
    }
  });

  it('changes only when there is something to change', () => {
    const ring = grown(91);
    expect(maintained(ring, START + 91 * DAY, RULES)).toBe(ring);
  });

  it.each([
    ['{', 'it is no JSON'],
    ['{}', 'it has no list of keys'],
    ['{"keys":[]}', 'it has no list of keys'],
    ['{"keys":[{"d":"secret"}]}', 'its key 1 is damaged, or of another version'],
  ])('refuses %s and shows nothing of it', (text, message) => {
    expect(() => parseRing(text)).toThrow(message);
  });

  it('refuses a key under the name of another one', () => {
    const [one, two] = [ringText(newRing(START)), ringText(newRing(START))];
    const kid = parseRing(two).keys[0]?.kid ?? '';
    expect(() => parseRing(one.replace(/"kid": "[^"]+"/, `"kid": "${kid}"`))).toThrow('damaged');
  });
});

describe('the file of the keys', () => {
  let folder: string;
  let file: string;
  let clock: ManualClock;
  let loaded: KeysOfFile[];
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'troupe-signing-keys-'));
    file = path.join(folder, 'keys');
    clock = createManualClock(START);
    loaded = [];
  });
  afterEach(async () => {
    await Promise.all(loaded.map((keys) => keys.stop()));
    await rm(folder, { recursive: true });
  });
  async function load(mayMake = true): Promise<KeysOfFile> {
    const keys = await loadSigningKeys({ file, mayMake, clock, logger: silentLogger, ...RULES });
    loaded.push(keys);
    return keys;
  }
  const ids = (keys: KeysOfFile): string[] => keys.all().map(({ kid }) => kid);

  it('is made once, for the owner alone, whoever comes first', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => load()));
    expect(new Set(all.flatMap(ids)).size).toBe(1);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('holds pairs: what one process signs another one verifies', async () => {
    const { kid, privateKey } = (await load()).signer();
    const signature = sign('sha256', Buffer.from('text'), privateKey);
    const key = (await load()).get(kid);
    expect(key && verify('sha256', Buffer.from('text'), key.publicKey, signature)).toBe(true);
  });

  it('a key that another process made is found when a token names it, with one look a second', async () => {
    const [one, two] = [await load(), await load()];
    const made = await one.rotate();
    expect(one.signer().kid).toBe(made);
    expect(two.get(made)).toBeUndefined();
    expect(await two.find(made)).toMatchObject({ kid: made });
    const next = await one.rotate();
    expect(await two.find(next), 'it has looked just now').toBeUndefined();
    clock.advance(1000);
    expect(await two.find(next)).toMatchObject({ kid: next });
    expect(ids(two)).toEqual(ids(one));
  });

  it('processes that rotate at once agree', async () => {
    const all = await Promise.all(Array.from({ length: 4 }, () => load()));
    await Promise.all(all.map((keys) => keys.rotate()));
    const { keys } = parseRing(await readFile(file, 'utf8'));
    expect(keys.length).toBeGreaterThan(1);
    expect(keys.filter(({ privateKey }) => privateKey !== undefined)).toHaveLength(1);
  });

  it('revoked keys no longer verify', async () => {
    const keys = await load();
    const { kid } = keys.signer();
    const made = await keys.rotate({ revoke: true });
    expect(keys.get(kid)).toBeUndefined();
    expect(ids(keys)).toEqual([made]);
  });

  it('private halves that are gone from the file are not left beside it', async () => {
    const keys = await load();
    await keys.rotate();
    const beside = (await readdir(folder)).filter((name) => name !== 'keys');
    expect(beside).toHaveLength(1);
    const old = new Date(START - DAY);
    await Promise.all(beside.map((name) => utimes(path.join(folder, name), old, old)));
    clock.advance(60_000);
    await keys.stop();
    expect(await readdir(folder)).toEqual(['keys']);
  });

  it('that an operator named is not made, nor rotated by age', async () => {
    await expect(load(false)).rejects.toThrow(
      `cannot read the signing keys in ${file}: there is no such file`,
    );
    await writeFile(file, ringText(newRing(START - 1000 * DAY)), { mode: 0o600 });
    expect(ids(await load(false))).toHaveLength(1);
  });

  it('that others may read is refused, and a damaged one', async () => {
    await load();
    await chmod(file, 0o644);
    await expect(load()).rejects.toThrow('open to others (mode 0644)');
    await writeFile(file, 'x');
    await chmod(file, 0o600);
    await expect(load()).rejects.toThrow('it is no JSON');
  });
});
