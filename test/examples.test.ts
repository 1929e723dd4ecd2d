import { glob, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { ROOT } from './kit/paths.ts';

const EXAMPLES = path.join(ROOT, 'examples');

/** Each has two ways to a model, of which people take one. */
const ALTERNATIVES = new Set(['quickstart', 'starter', 'starter-scripted']);

interface Manifest {
  kind: string;
  metadata: { name: string; namespace?: string };
}

const isManifest = (value: unknown): value is Manifest =>
  typeof value === 'object' && value !== null && 'kind' in value && 'metadata' in value;

it('no example changes an object of another', async () => {
  const owners = new Map<string, { file: string; example: string; text: string }>();
  const clashes: string[] = [];
  for await (const file of glob('**/*.yaml', { cwd: EXAMPLES })) {
    const [example = ''] = file.split(path.sep);
    for (const document of parseAllDocuments(await readFile(path.join(EXAMPLES, file), 'utf8'))) {
      const manifest: unknown = document.toJS();
      if (!isManifest(manifest)) continue;
      const id = `${manifest.kind} ${manifest.metadata.namespace ?? ''}/${manifest.metadata.name}`;
      const text = JSON.stringify(manifest);
      const owner = owners.get(id) ?? { file, example, text };
      owners.set(id, owner);
      const isAlternative = ALTERNATIVES.has(example) && ALTERNATIVES.has(owner.example);
      if (owner.text !== text && !isAlternative) clashes.push(`${id}: ${owner.file} and ${file}`);
    }
  }
  expect(owners.size).toBeGreaterThan(50);
  expect(clashes).toEqual([]);
});
