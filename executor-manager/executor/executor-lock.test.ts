import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lockExecutor } from './executor-lock.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'troupe-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('lets one manager at a time have an executor', () => {
  const place = { folder: path.join(folder, 'executors', 'a'), name: 'a' };
  const first = lockExecutor(place);
  expect(() => lockExecutor(place)).toThrow('another executor manager runs as "a"');
  using _other = lockExecutor({ ...place, folder: path.join(folder, 'executors', 'b') });
  first[Symbol.dispose]();
  using _next = lockExecutor(place);
});
