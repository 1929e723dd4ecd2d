import { existsSync } from 'node:fs';
import { glob, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '..');
const DOCUMENTS = ['*.md', 'docs/**/*.md', 'examples/**/*.md', 'crds/*.md', 'executor-image/*.md'];

/** Targets of Markdown links that are files of ours, without their anchors. */
function localLinks(markdown: string): string[] {
  const withoutCode = markdown.replaceAll(/^```[\s\S]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '');
  return [...withoutCode.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1]?.split('#')[0] ?? '')
    .filter((target) => target !== '' && !/^[a-z]+:/.test(target));
}

test('every link of the documentation leads to a file', async () => {
  const documents: string[] = [];
  for await (const document of glob(DOCUMENTS, { cwd: ROOT })) documents.push(document);
  expect(documents.length).toBeGreaterThan(5);
  const broken: string[] = [];
  for (const document of documents) {
    const text = await readFile(path.join(ROOT, document), 'utf8');
    for (const link of localLinks(text)) {
      if (!existsSync(path.join(ROOT, path.dirname(document), link))) broken.push(`${document}: ${link}`);
    }
  }
  expect(broken).toEqual([]);
});
