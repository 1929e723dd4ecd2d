import { existsSync } from 'node:fs';
import { glob, readFile, readdir } from 'node:fs/promises';
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

/** Played by tests of their own: test/e2e/{demo,examples,actions}.test.ts, test/conformance/chart. */
const WITH_A_TEST = ['quickstart', 'starter', 'starter-scripted', 'dify', 'release', 'helm'];

it('every example runs, and stands in the table', async () => {
  const folders = (await readdir(EXAMPLES, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const names = folders.map(({ name }) => name).toSorted();
  const running = new Set(WITH_A_TEST);
  for (const name of names) {
    const readme = path.join(EXAMPLES, name, 'README.md');
    const isSession = existsSync(readme) && (await readFile(readme, 'utf8')).includes('```console\n');
    if (isSession || existsSync(path.join(EXAMPLES, name, 'model/outcome.yaml'))) running.add(name);
  }
  expect(names.filter((name) => !running.has(name))).toEqual([]);
  const table = await readFile(path.join(EXAMPLES, 'README.md'), 'utf8');
  const shown = names.filter((name) => name !== 'starter-scripted');
  expect(shown.filter((name) => !table.includes(`](${name})`))).toEqual([]);
});
