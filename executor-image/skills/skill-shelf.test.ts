import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { removeTree } from '#agent-folders/remove-tree';
import { file, SKILL_TEXT } from '#skill-packages/made-up';
import { packFiles } from '#skill-packages/skill-package';
import { SkillShelf } from './skill-shelf.ts';
import type { SkillKey } from './skill-shelf.ts';

let folder: string;
let shelf: SkillShelf;
let key: SkillKey;
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'troupe-shelf-'));
  shelf = new SkillShelf(folder);
  const { zip, contentHash } = await packFiles([
    file('SKILL.md', SKILL_TEXT),
    file('scripts/check.sh', 'exit 0', true),
  ]);
  key = { hash: contentHash.slice('sha256:'.length), name: 'pdf' };
  await shelf.put(key, zip);
});
afterEach(() => removeTree(folder));

it('knows what it has', () => {
  expect(shelf.has(key)).toBe(true);
  expect(shelf.has({ ...key, hash: 'b'.repeat(64) })).toBe(false);
});

it('notices a file that somebody has changed, or taken away', async () => {
  expect(await shelf.changedFile(key)).toBeUndefined();
  const script = path.join(shelf.folderOf(key), 'scripts/check.sh');
  chmodSync(script, 0o755);
  writeFileSync(script, 'exit 0 # always');
  expect(await shelf.changedFile(key)).toBe('scripts/check.sh');
  chmodSync(path.dirname(script), 0o755);
  rmSync(script);
  expect(await shelf.changedFile(key)).toBe('scripts/check.sh');
});
