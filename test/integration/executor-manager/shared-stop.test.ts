import { once } from 'node:events';
import { chmod, readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { launchRunner } from '#executor-manager/drivers/shared/launch';

const RUNNER = path.resolve(import.meta.dirname, '../../../executor-image/runner.ts');

afterEach(() => vi.unstubAllEnvs());

it('a shared runner ends well, and empties its folder, where it may not remove the folder itself', async () => {
  const asRoot = process.getuid?.() === 0;
  // A user of its own comes through no folder that is closed to others, as that of this run may be.
  if (asRoot) vi.stubEnv('TMPDIR', '/tmp');
  await using folder = await temporaryFolder('shared-stop');
  // Others get in and change nothing.
  await chmod(folder.path, 0o755);
  vi.stubEnv('TMPDIR', folder.path);
  const { child, state } = await launchRunner({
    runner: [process.execPath, RUNNER],
    environment: { PATH: process.env['PATH'] ?? '' },
    tokenHash: 'a'.repeat(64),
    addresses: { allow: [], controlPlane: [] },
    capacity: 1,
    user: asRoot ? 61_000 : undefined,
  });
  expect(path.dirname(state)).toBe(folder.path);
  const ended = once(child, 'exit');
  child.stdin?.destroy();
  expect(await ended).toEqual([0, null]);
  if (asRoot) expect(await readdir(state)).toEqual([]);
  else expect(await readdir(folder.path)).toEqual([]);
});
