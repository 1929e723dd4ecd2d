import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLogger } from '#api/machinery/logger';
import type { SkillPackage } from '#api/types/generated/skill-package';
import { contentHash } from '#skill-packages/skill-package';
import { SkillStore } from './skill-store.ts';

const content = (zip: string) => ({
  namespace: 'ns',
  name: 'pdf',
  contentHash: contentHash(Buffer.from(zip)),
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'troupe-skills-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A store whose API knows these packages; `asked` counts how often it was asked. */
function storeOf(zips: readonly string[], limitBytes = 1000) {
  const asked: string[] = [];
  const found = new Map(zips.map((zip) => [contentHash(Buffer.from(zip)).replace(':', '-'), zip]));
  const client = {
    find: (_type: unknown, { name }: { name: string }): Promise<never> => {
      asked.push(name);
      const zip = found.get(name);
      const spec = { skillName: 'pdf', zip: Buffer.from(zip ?? '').toString('base64') };
      return Promise.resolve((zip === undefined ? undefined : ({ spec } as SkillPackage)) as never);
    },
  };
  return { asked, store: new SkillStore({ client, folder, logger: silentLogger, limitBytes }) };
}

it('asks for a package once, also when many want it at once, and after a restart', async () => {
  const { store, asked } = storeOf(['one']);
  const read = await Promise.all([1, 2, 3].map(() => store.read(content('one'))));
  expect(read.map(String)).toEqual(['one', 'one', 'one']);
  expect(String(await storeOf([]).store.read(content('one')))).toBe('one');
  expect(asked).toHaveLength(1);
});

it('does not believe a file that was changed', async () => {
  const { store, asked } = storeOf(['one']);
  await store.read(content('one'));
  for (const name of readdirSync(folder)) writeFileSync(path.join(folder, name), 'another');
  expect(String(await store.read(content('one')))).toBe('one');
  expect(asked).toHaveLength(2);
});

it('keeps to its limit', async () => {
  const zips = ['a', 'b', 'c'].map((letter) => letter.repeat(400));
  const { store } = storeOf(zips);
  for (const zip of zips) await store.read(content(zip));
  expect(readdirSync(folder)).toHaveLength(2);
});

it('works without a disk', async () => {
  const { store } = storeOf(['one']);
  rmSync(folder, { recursive: true });
  writeFileSync(folder, 'a file');
  expect(String(await store.read(content('one')))).toBe('one');
});

it('tells which skill has no package any longer, and refuses what is no hash', async () => {
  const { store } = storeOf([]);
  await expect(store.read(content('one'))).rejects.toMatchObject({
    reason: 'NotFound',
    message: expect.stringContaining('Skill "ns/pdf"'),
  });
  const odd = { ...content('one'), contentHash: 'sha256:../../etc/passwd' };
  await expect(store.read(odd)).rejects.toMatchObject({ reason: 'BadRequest' });
});
