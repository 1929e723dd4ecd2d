import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inheritedEnvironment } from '../config.ts';
import { diskUsage } from './disk-usage.ts';

const MiB = 1024 * 1024;
const env = inheritedEnvironment();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'troupe-usage-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => path.join(folder, name);
const measure = (place = folder) => diskUsage(place, env, new AbortController().signal);

describe('diskUsage', () => {
  it.each([
    {
      reason: 'files in folders of folders',
      make() {
        mkdirSync(at('a/b'), { recursive: true });
        writeFileSync(at('a/b/c'), Buffer.alloc(2 * MiB));
        writeFileSync(at('-s'), Buffer.alloc(MiB));
      },
      mebibytes: 3,
    },
    {
      reason: 'one file under two names',
      make() {
        writeFileSync(at('a'), Buffer.alloc(MiB));
        linkSync(at('a'), at('b'));
      },
      mebibytes: 1,
    },
    {
      reason: 'a file with a hole takes no more than what is in it',
      make() {
        writeFileSync(at('a'), '');
        truncateSync(at('a'), 100 * MiB);
      },
      mebibytes: 0,
    },
    { reason: 'links are not followed', make: () => symlinkSync('/usr', at('usr')), mebibytes: 0 },
  ])('$reason', async ({ make, mebibytes }) => {
    make();
    const { bytes, complete } = await measure();
    expect(Math.floor(bytes / MiB)).toBe(mebibytes);
    expect(complete).toBe(true);
  });

  it('follows a folder that is a link itself', async () => {
    mkdirSync(at('real'));
    writeFileSync(at('real/a'), Buffer.alloc(MiB));
    symlinkSync(at('real'), at('link'));
    expect((await measure(at('link'))).bytes).toBeGreaterThanOrEqual(MiB);
  });

  it('takes nothing for a folder that is not there yet', async () => {
    expect(await measure(at('later'))).toEqual({ bytes: 0, complete: true });
  });

  it('rejects when du cannot be run, and when it is asked to end', async () => {
    const { signal } = new AbortController();
    await expect(diskUsage(folder, { PATH: '/nowhere' }, signal)).rejects.toThrow('ENOENT');
    const ended = AbortSignal.abort(new Error('enough'));
    await expect(diskUsage(folder, env, ended)).rejects.toThrow('enough');
    const stop = new AbortController();
    const measuring = diskUsage('/usr', env, stop.signal);
    stop.abort(new Error('enough'));
    await expect(measuring).rejects.toThrow('enough');
    expect(execFileSync('ps', ['--ppid', String(process.pid), '-o', 'comm=']).toString()).not.toMatch(
      /^du$/m,
    );
  });
});
