import { createHash } from 'node:crypto';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTokenMaker, loadExecutorKey } from './runtime-token.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'troupe-token-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('loadExecutorKey', () => {
  it('makes a key once, readable by its owner only', async () => {
    const data = join(folder, 'data');
    const key = await loadExecutorKey(data);
    expect(key).toHaveLength(32);
    expect(await loadExecutorKey(data)).toEqual(key);
    expect((await stat(join(data, 'executor.key'))).mode & 0o777).toBe(0o600);
  });

  it('makes it where somebody was killed while making it', async () => {
    await writeFile(join(folder, 'executor.key'), '');
    const key = await loadExecutorKey(folder);
    expect(key).toHaveLength(32);
    expect(await loadExecutorKey(folder)).toEqual(key);
  });

  it('refuses a damaged key and leaves it alone', async () => {
    await writeFile(join(folder, 'executor.key'), 'zz');
    await expect(loadExecutorKey(folder)).rejects.toThrow('executor.key is damaged');
  });
});

describe('createTokenMaker', () => {
  it('gives each runtime its own token, the same after a restart', () => {
    const key = Buffer.alloc(32, 1);
    const one = createTokenMaker(key)('a');
    expect(createTokenMaker(key)('a')).toEqual(one);
    expect(createTokenMaker(key)('b').token).not.toBe(one.token);
    expect(createTokenMaker(Buffer.alloc(32, 2))('a').token).not.toBe(one.token);
    expect(one.hash).toBe(createHash('sha256').update(one.token).digest('hex'));
  });
});
