import { describe, expect, it } from 'vitest';
import { readContents, readTree } from './git-tree.ts';

const ID = 'a'.repeat(40);
const line = (path: string, { mode = '100644', type = 'blob', size = '3' } = {}): string =>
  `${mode} ${type} ${ID} ${size.padStart(7)}\t${path}\0`;

describe('the listing of a commit', () => {
  it('gives names, ids, sizes and what is a program', () => {
    expect(readTree(line('SKILL.md') + line('a/ü b.sh', { mode: '100755', size: '12' }))).toEqual([
      { path: 'SKILL.md', id: ID, executable: false, bytes: 3 },
      { path: 'a/ü b.sh', id: ID, executable: true, bytes: 12 },
    ]);
  });

  it.each<[string, string, string]>([
    ['a link', line('l', { mode: '120000' }), '"l" is a symbolic link; only files are allowed'],
    [
      'a submodule',
      line('m', { mode: '160000', type: 'commit', size: '-' }),
      '"m" is a submodule; only files are allowed',
    ],
    ['a mode that git does not have', line('d', { mode: '060000' }), '"d" is no ordinary file'],
    ['a name that leads out', line('../x'), 'the file name "../x" leads out of the folder'],
    ['a line break', line('a\nb'), 'has a backslash, a control character'],
    ['two names that are one', line('A.md') + line('a.md'), 'are one on some file systems'],
    ['too many bytes', line('big', { size: '8388609' }), 'the files have more than 8388608 bytes'],
    [
      'too many files',
      Array.from({ length: 1001 }, (_, index) => line(`f${index}`)).join(''),
      'more than 1000 files',
    ],
    ['another form', 'nonsense\0', 'is no ordinary file'],
  ])('is refused for %s', (_, listing, message) => {
    expect(() => readTree(listing)).toThrow(message);
  });
});

describe('the contents', () => {
  const entries = readTree(line('a') + line('b', { size: '1' }));
  const batch = (...parts: string[]): Buffer => Buffer.from(parts.join(''));

  it('are those of the entries, byte by byte', () => {
    const files = readContents(batch(`${ID} blob 3\n`, 'x\ny\n', `${ID} blob 1\n`, '\n\n'), entries);
    expect(files.map(({ content }) => content.toString())).toEqual(['x\ny', '\n']);
  });

  it.each<[string, Buffer]>([
    ['is missing', batch(`${ID} missing\n`)],
    ['has another size', batch(`${ID} blob 4\nabcd\n`)],
    ['is cut', batch(`${ID} blob 3\nxyz\n`, `${ID} blob 1\n`)],
  ])('are not taken where one %s', (_, output) => {
    expect(() => readContents(output, entries)).toThrow('git gave no content for');
  });

  it('are refused where they are elsewhere', () => {
    const text = 'version https://git-lfs.github.com/spec/v1\noid sha256:0\n';
    const large = readTree(line('large', { size: String(text.length) }));
    expect(() => readContents(batch(`${ID} blob ${text.length}\n`, text, '\n'), large)).toThrow(
      '"large" is kept by Git LFS, which skills cannot use',
    );
  });
});
