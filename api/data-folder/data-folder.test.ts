import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeDataFolder } from './data-folder.ts';

describe('makeDataFolder', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'data-folder-'));
    await writeFile(path.join(folder, 'file'), '');
    await symlink(path.join(folder, 'nowhere'), path.join(folder, 'dangling'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('makes what is missing, for the owner alone, and takes what is there', async () => {
    const deep = path.join(folder, 'a/b');
    await makeDataFolder(deep);
    await makeDataFolder(deep);
    expect((await stat(deep)).mode & 0o777).toBe(0o700);
  });

  it.each([
    ['file', 'EEXIST'],
    ['file/data', 'ENOTDIR'],
    ['dangling', 'EEXIST'],
  ])('refuses %s with %s', async (name, code) => {
    await expect(makeDataFolder(path.join(folder, name))).rejects.toMatchObject({ code });
  });

  it('gives up where nothing can be made', async () => {
    for (const nope of ['/proc/nope', '/proc/nope/deeper']) {
      await expect(makeDataFolder(nope)).rejects.toMatchObject({ syscall: 'mkdir', path: '/proc/nope' });
    }
  });
});
