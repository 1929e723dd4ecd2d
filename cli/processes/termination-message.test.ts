import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { leaveTerminationMessage } from './termination-message.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'termination-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('replaces the words of the run before, and is no longer than what is shown', async () => {
  const file = path.join(folder, 'termination-log');
  await writeFile(file, 'x'.repeat(9000));
  await leaveTerminationMessage('troupe: the database is away\n', file);
  expect(await readFile(file, 'utf8')).toBe('troupe: the database is away\n');
  await leaveTerminationMessage('y'.repeat(9000), file);
  expect(await readFile(file, 'utf8')).toBe('y'.repeat(4096));
});

it('makes no file where nobody reads one', async () => {
  await leaveTerminationMessage('x', path.join(folder, 'termination-log'));
  expect(await readdir(folder)).toEqual([]);
});

it('does not hide the reason of an end behind a file that cannot be written', async () => {
  const file = path.join(folder, 'termination-log');
  await writeFile(file, '');
  await chmod(file, 0o000);
  await expect(leaveTerminationMessage('x', file)).resolves.toBeUndefined();
  await expect(leaveTerminationMessage('x', folder)).resolves.toBeUndefined();
});
