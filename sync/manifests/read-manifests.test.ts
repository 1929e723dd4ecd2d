import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readManifests } from './read-manifests.ts';

let root: string;
beforeEach(async () => (root = await mkdtemp(path.join(tmpdir(), 'manifests-'))));
afterEach(() => rm(root, { recursive: true, force: true }));

async function namesIn(text: string): Promise<string[]> {
  await writeFile(path.join(root, 'a.yaml'), text);
  const signal = new AbortController().signal;
  const found = await readManifests({ root, path: '', environment: {}, signal });
  return found.map(({ object }) => object.metadata.name ?? '');
}

const map = (name: string, more = ''): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\n${more}`;

describe('a file of manifests', () => {
  it.each([
    { reason: 'of several documents', text: `---\n${map('a')}---\n${map('b')}...\n--- # last\n${map('c')}` },
    { reason: 'with a directive', text: `%YAML 1.2\n---\n${map('a')}---\n${map('b')}---\n${map('c')}` },
    {
      reason: 'with hyphens in a text',
      text: `${map('a', 'data:\n  x: |\n    ---\n    y\n  ---z: 1\n')}---\n${map('b')}---\n---\n${map('c')}`,
    },
    { reason: 'with line breaks of Windows', text: [map('a'), map('b'), map('c')].join('---\r\n') },
  ])('$reason is read document by document', async ({ text }) => {
    expect(await namesIn(text)).toEqual(['a', 'b', 'c']);
  });

  it('has no document that takes too long to parse', async () => {
    const text = map('a', `data: { x: ${'y'.repeat(3 * 1024 * 1024)} }\n`);
    await expect(namesIn(text)).rejects.toThrow('a.yaml: a document has more than 3145728 characters');
  });
});
