import { existsSync } from 'node:fs';
import { glob, readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';

const ROOT = path.resolve(import.meta.dirname, '..');
const DOCUMENTS = ['*.md', 'docs/**/*.md', 'examples/**/*.md', 'crds/*.md', 'executor-image/*.md'];

const withoutBlocks = (markdown: string): string => markdown.replaceAll(/^```[\s\S]*?^```/gm, '');

/** Targets of Markdown links that are ours: a file, an anchor, or both. */
function localLinks(markdown: string): { link: string; file: string; anchor: string | undefined }[] {
  const text = withoutBlocks(markdown).replaceAll(/`[^`\n]*`/g, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1] ?? '')
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const [file = '', anchor] = link.split('#');
      return { link, file, anchor };
    });
}

/** The anchors that GitHub gives the headings of a document, and those that it has in HTML. */
function anchors(markdown: string): Set<string> {
  const found = new Set<string>();
  const text = withoutBlocks(markdown);
  for (const [, id = ''] of text.matchAll(/<a (?:id|name)="([^"]+)"/g)) found.add(id);
  const seen = new Map<string, number>();
  for (const [, heading = ''] of text.matchAll(/^#{1,6} +(.+?)#* *$/gm)) {
    const plain = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .trim()
      .toLowerCase();
    const slug = plain.replaceAll(/[^\p{Letter}\p{Mark}\p{Number}\p{Pc} -]/gu, '').replaceAll(' ', '-');
    const earlier = seen.get(slug) ?? 0;
    seen.set(slug, earlier + 1);
    found.add(earlier === 0 ? slug : `${slug}-${earlier}`);
  }
  return found;
}

/** The fenced blocks of YAML. */
const yamlBlocks = (markdown: string): string[] =>
  [...markdown.matchAll(/^( *)```ya?ml\n([\s\S]*?)^\1```/gm)].map(([, , block = '']) => block);

/**
 * All that keeps people from pasting it. The yaml package reads YAML 1.2; kubectl's reader (sigs.k8s.io/yaml, of YAML 1.1) takes
 * a "?" at the end of a plain text inside of braces for the mark of a key.
 */
function yamlProblems(block: string): string[] {
  const errors = parseAllDocuments(block).flatMap((document) =>
    document.errors.map(({ message }) => message),
  );
  const questions = [...block.matchAll(/[[{,].*: [^'"{}[\],\n]*\?(?= *[,}\]])/g)];
  return [...errors, ...questions.map(([text]) => `"?" without quotes: ${text}`)];
}

const documents = new Map<string, string>();
beforeAll(async () => {
  for await (const name of glob(DOCUMENTS, { cwd: ROOT }))
    documents.set(name, await readFile(path.join(ROOT, name), 'utf8'));
  expect(documents.size).toBeGreaterThan(5);
});

describe('every link of the documentation', () => {
  /** The document or file that a link of `document` leads to, from the root. */
  const target = (document: string, file: string): string =>
    file === '' ? document : path.join(path.dirname(document), file);

  it('leads to a file', () => {
    const broken = [...documents].flatMap(([document, text]) =>
      localLinks(text)
        .filter(({ file }) => !existsSync(path.join(ROOT, target(document, file))))
        .map(({ link }) => `${document}: ${link}`),
    );
    expect(broken).toEqual([]);
  });

  it('with an anchor leads to a heading', () => {
    const broken = [...documents].flatMap(([document, text]) =>
      localLinks(text)
        .filter(({ file, anchor }) => {
          const linked = documents.get(target(document, file));
          return anchor !== undefined && linked !== undefined && !anchors(linked).has(anchor);
        })
        .map(({ link }) => `${document}: ${link}`),
    );
    expect(broken).toEqual([]);
  });
});

it('anchors are those of GitHub', () => {
  const markdown =
    '# One `two`, three!\n## Same\n## Same\n```\n# no heading\n```\n<a id="own"></a>\n### [a](b.md) – ü_1\n';
  expect([...anchors(markdown)]).toEqual(['own', 'one-two-three', 'same', 'same-1', 'a--ü_1']);
});

it('YAML of the documentation can be applied', () => {
  const broken = [...documents].flatMap(([document, text]) =>
    yamlBlocks(text).flatMap((block) => yamlProblems(block).map((problem) => `${document}: ${problem}`)),
  );
  expect(broken).toEqual([]);
});

it.each([
  { block: 'approval: { message: Shall we publish this? }', problems: 1 },
  { block: "approval: { message: 'Shall we publish this?' }", problems: 0 },
  { block: 'message: Shall we publish this?', problems: 0 },
  { block: 'a: { b: c', problems: 1 },
])('of YAML $block, $problems problems are found', ({ block, problems }) => {
  expect(yamlProblems(block)).toHaveLength(problems);
});
