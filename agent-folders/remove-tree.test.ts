import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { removeTree } from './remove-tree.ts';

it.each([
  ['folders that nobody may write to', 'mkdir -p a/b && touch a/b/c && chmod 0555 a/b a'],
  ['a folder that nobody may look into', 'mkdir -p a/b && chmod 0 a'],
  [
    'a path that is too long for one call',
    'for i in $(seq 300); do mkdir aaaaaaaaaaaaaaaaaaaa && cd aaaaaaaaaaaaaaaaaaaa; done',
  ],
  ['a name that looks like an option', "mkdir -- -rf && touch -- '-rf/-x'"],
  ['nothing', 'true'],
])('removes %s', async (_, make) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'troupe-remove-'));
  execFileSync('bash', ['-c', make], { cwd: folder });
  await removeTree(folder);
  await removeTree(folder);
  expect(existsSync(folder)).toBe(false);
  rmSync(folder, { recursive: true, force: true });
});
