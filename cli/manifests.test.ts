import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseManifests, readManifests } from './manifests.ts';
import type { ManifestResult } from './manifests.ts';

const short = (results: readonly ManifestResult[]): string[] =>
  results.map((result) =>
    'error' in result ? `error: ${result.error.message}` : result.object.metadata.name,
  );

const bot = (name: string): string => `apiVersion: a/v1\nkind: Bot\nmetadata: {name: ${name}}\n`;

describe('parseManifests', () => {
  it.each([
    { reason: 'several documents', text: `${bot('a')}---\n${bot('b')}`, want: ['a', 'b'] },
    { reason: 'empty documents and comments', text: `---\n# nothing\n---\n${bot('a')}---\n`, want: ['a'] },
    {
      reason: 'JSON',
      text: JSON.stringify({ apiVersion: 'v1', kind: 'X', metadata: { name: 'j' } }),
      want: ['j'],
    },
    {
      reason: 'a List is its items',
      text: JSON.stringify({
        apiVersion: 'v1',
        kind: 'List',
        items: [{ apiVersion: 'v1', kind: 'X', metadata: { name: 'i' } }],
      }),
      want: ['i'],
    },
    {
      reason: 'a document that does not parse leaves the others',
      text: `a: [\n---\n${bot('b')}`,
      want: [expect.stringContaining('error: error parsing F:'), 'b'],
    },
    { reason: 'no kind', text: 'apiVersion: v1', want: ['error: error validating "F": kind not set'] },
    { reason: 'not a mapping', text: '- 1', want: ['error: error parsing F: a manifest must be a mapping'] },
    { reason: 'nothing at all', text: '', want: [] },
  ])('$reason', ({ text, want, reason }) => {
    expect(short(parseManifests(text, 'F')), reason).toEqual(want);
  });
});

describe('readManifests', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'manifests-'));
    await mkdir(join(folder, 'deep'));
    await writeFile(join(folder, 'b.yaml'), bot('b'));
    await writeFile(join(folder, 'a.yml'), bot('a'));
    await writeFile(join(folder, 'notes.txt'), 'not a manifest');
    await writeFile(join(folder, 'deep', 'c.json'), '{"apiVersion":"v1","kind":"X","metadata":{"name":"c"}}');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function* stdin() {
    await Promise.resolve();
    yield Buffer.from(bot('s'));
  }
  const read = (files: string[], recursive = false) => readManifests({ files, recursive, stdin: stdin() });

  it('reads files, folders in order of name, and standard input', async () => {
    expect(short(await read([folder, '-']))).toEqual(['a', 'b', 's']);
    expect(short(await read([folder], true))).toEqual(['a', 'b', 'c']);
    expect(short(await read([join(folder, 'b.yaml')]))).toEqual(['b']);
  });

  it('says which path is not there, and goes on', async () => {
    expect(short(await read(['/nowhere', '-']))).toEqual(['error: the path "/nowhere" does not exist', 's']);
  });
});
