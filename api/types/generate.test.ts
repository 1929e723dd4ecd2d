import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generateTypes } from './generate.ts';

const OUTPUT = join(import.meta.dirname, 'generated');

describe('generated types', () => {
  it('are what `make generate` would write now', async () => {
    const files = await generateTypes();
    for (const [path, text] of files) expect(readFileSync(path, 'utf8'), path).toBe(text);
    expect(
      readdirSync(OUTPUT)
        .map((file) => join(OUTPUT, file))
        .sort(),
    ).toEqual([...files.keys()].sort());
  });

  it('name one interface per kind, and none twice', async () => {
    const texts = [...(await generateTypes()).values()];
    const names = texts.flatMap((text) =>
      [...text.matchAll(/^export interface (\w+)/gm)].map((match) => match[1]),
    );
    expect(names).toEqual(expect.arrayContaining(['Ghost', 'TaskSpec', 'SandboxStatus', 'TeamMember']));
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    expect(names.filter((name) => /\d$/.test(name ?? ''))).toEqual([]);
  });
});
