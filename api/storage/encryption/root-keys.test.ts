import { describe, expect, it } from 'vitest';
import { newDataKey, unwrapped, wrapped } from './data-key.ts';
import { newRootKeys, parseRootKeys, withNewRootKey } from './root-keys.ts';

const line = (byte: number): string => Buffer.alloc(32, byte).toString('base64');
const ids = (text: string): string[] => parseRootKeys(text, 'FILE').map(({ id }) => id);

describe('root keys', () => {
  it('are one per line, named after themselves, in their order', () => {
    const [first, second] = [ids(line(1))[0], ids(line(2))[0]];
    expect(first).toMatch(/^[0-9a-f]{16}$/);
    expect(ids(`# ours\n\n ${line(1)} \r\n${line(2)}`)).toEqual([first, second]);
  });

  it.each([
    ['nothing', '# only this\n', 'FILE has no key'],
    ['a short key', `${line(1)}\nc2hvcnQ=\n`, 'FILE, line 2, is no key: expected 32 bytes in base64'],
    ['no base64', 'it is a secret\n', 'FILE, line 1, is no key'],
    ['half of a key', line(1).slice(0, 40), 'FILE, line 1, is no key'],
  ])('refuses a file with %s, in words that do not repeat it', (_, text, message) => {
    expect(() => parseRootKeys(text, 'FILE')).toThrow(message);
    expect(() => parseRootKeys(text, 'FILE')).not.toThrow(/secret|c2hvcnQ|AQEB/);
  });

  it('are made anew before those that are there', () => {
    const made = newRootKeys();
    const [old] = ids(made);
    const both = ids(withNewRootKey(made));
    expect(both).toHaveLength(2);
    expect(both[1]).toBe(old);
    expect(withNewRootKey(made), 'the comment stays on top').toMatch(/^# Root keys/);
  });
});

describe('a wrapped data key', () => {
  const [root, other] = parseRootKeys(`${line(1)}\n${line(2)}`, 'FILE');
  const key = newDataKey(3, { root: root!, now: 1234 });
  const row = wrapped(key, root!);

  it('is what it was, once it is unwrapped', () => {
    const again = unwrapped(row, root!);
    expect(again).toMatchObject({ id: key.id, generation: 3, createdAt: 1234, rootKeyId: root!.id });
    expect(again?.key.open(key.key.seal('text', 'owner'), 'owner')).toBe('text');
  });

  it('is refused with another root key, and in the row of another', () => {
    expect(unwrapped(row, { ...root!, key: other!.key })).toBeUndefined();
    expect(unwrapped({ ...row, id: 'k4-0' }, root!)).toBeUndefined();
  });

  it('fits its column and shows nothing of the key', () => {
    expect(row.wrapped.length).toBeLessThan(255);
    expect(JSON.stringify(row)).not.toContain(key.material);
  });
});
