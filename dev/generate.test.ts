import { mkdtemp, readFile, readdir, rm, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkGenerated } from './generate.ts';
import type { Generator } from './generate.ts';

describe('checkGenerated', () => {
  let folder = '';
  let output = '';
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'troupe-generate-'));
    output = path.join(folder, 'generated');
    await mkdir(output);
    await writeFile(path.join(output, 'a.ts'), 'current');
    await writeFile(path.join(folder, 'source'), '');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** A generator that runs a shell script in the folder of its output. */
  const generator = (script: string): Generator => ({
    name: 'made up',
    source: path.join(folder, 'source'),
    command: ['sh', '-c', `cd ${output} && ${script}`],
    output,
  });

  const cases = [
    { reason: 'the same again', script: 'printf current > a.ts', ok: true, told: '' },
    { reason: 'another content', script: 'printf new > a.ts', ok: false, told: 'a.ts' },
    { reason: 'a file more', script: 'printf new > b.ts', ok: false, told: 'b.ts' },
    { reason: 'a file less', script: 'rm a.ts', ok: false, told: 'a.ts' },
    {
      reason: 'a generator that fails',
      script: 'echo no such kind >&2; false',
      ok: false,
      told: 'no such kind',
    },
  ];
  test.each(cases)('$reason', async ({ script, ok, told, reason }) => {
    const result = await checkGenerated([generator(script)]);
    expect(result.ok, reason).toBe(ok);
    expect(result.output, reason).toContain(told);
    // Whatever it found, the check leaves the tree as it was.
    expect(await readdir(output)).toEqual(['a.ts']);
    expect(await readFile(path.join(output, 'a.ts'), 'utf8')).toBe('current');
  });
});
