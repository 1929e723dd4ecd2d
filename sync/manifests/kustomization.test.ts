import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkKustomization } from './kustomization.ts';

const GENERATOR = (file: string): string =>
  `apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: { name: a }\nfiles: ['a=${file}']\n`;
const inline = (field: string, file: string): string => JSON.stringify({ [field]: [GENERATOR(file)] });
const URL = 'http://127.0.0.1:7443/version';

describe('a kustomization with an object that configures kustomize', () => {
  it.each<{ reason: string; files: Record<string, string>; says: string | undefined }>([
    {
      reason: 'in itself',
      files: { 'kustomization.yaml': inline('generators', URL) },
      says: `kustomization.yaml: a=${URL} is not in the repository`,
    },
    {
      reason: 'in itself, by another case',
      files: { 'kustomization.yaml': inline('Transformers', URL) },
      says: 'is not in the repository',
    },
    {
      reason: 'in a file',
      files: { 'kustomization.yaml': 'generators: [g.yaml]', 'g.yaml': `a: b\n---\n${GENERATOR(URL)}` },
      says: `g.yaml: a=${URL} is not in the repository`,
    },
    {
      reason: 'in a folder',
      files: {
        'kustomization.yaml': 'generators: [more]',
        'more/kustomization.yaml': 'resources: [g.yaml]',
        'more/g.yaml': GENERATOR(URL),
      },
      says: 'is not in the repository',
    },
    {
      reason: 'with a file of the repository',
      files: { 'kustomization.yaml': inline('generators', 'b.txt') },
      says: undefined,
    },
    {
      reason: 'beside an object that is applied',
      files: {
        'kustomization.yaml': 'resources: [p.yaml]',
        'p.yaml': `kind: Pod\nspec: { containers: [{ env: [{ value: '${URL}' }] }] }\n`,
      },
      says: undefined,
    },
  ])('is refused for an address $reason', async ({ files, says }) => {
    const root = await mkdtemp(path.join(tmpdir(), 'kustomization-'));
    try {
      for (const [name, text] of Object.entries(files)) {
        await mkdir(path.dirname(path.join(root, name)), { recursive: true });
        await writeFile(path.join(root, name), text);
      }
      const checked = checkKustomization({ root, folder: root });
      if (says === undefined) await expect(checked).resolves.toBeUndefined();
      else await expect(checked).rejects.toThrow(says);
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });
});
