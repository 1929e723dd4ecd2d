import { describe, expect, it } from 'vitest';
import { file, rawZip, SKILL_TEXT } from './made-up.ts';
import { PACKAGE_LIMITS } from './package-limits.ts';
import { parseSkillFile } from './skill-file.ts';
import { contentHash, normalizePackage, packFiles } from './skill-package.ts';

describe('SKILL.md', () => {
  it('is read as the open format has it', () => {
    const text = [
      ...['---', 'name: pdf-processing', 'description: Reads PDF files.', 'license: Apache-2.0'],
      ...['compatibility: Needs Python', 'metadata:', '  author: example', '  version: 1.0', '  tags: [a]'],
      ...['allowed-tools: Read Bash(git:*)', 'unknown: {a: 1}', '---', '', '# PDF', '---', 'text', ''],
    ].join('\r\n');
    expect(parseSkillFile(Buffer.from(`\ufeff${text}`))).toEqual({
      name: 'pdf-processing',
      description: 'Reads PDF files.',
      license: 'Apache-2.0',
      compatibility: 'Needs Python',
      metadata: { author: 'example', version: '1' },
      body: '# PDF\n---\ntext',
    });
  });

  const named = (name: string): string => `---\nname: ${name}\ndescription: d\n---\n`;
  it.each([
    ['no front matter', '# Hello', 'must begin with front matter'],
    ['front matter without an end', '---\nname: a\n', 'must begin with front matter'],
    ['front matter that is a list', '---\n- a\n---\n', 'must have the fields name and description'],
    ['broken YAML', '---\nname: [a\n---\n', 'is no YAML'],
    ['aliases', '---\nname: &a b\ndescription: *a\n---\n', 'is no YAML'],
    ['no name', '---\ndescription: d\n---\n', 'name must be a text'],
    ['no description', '---\nname: a\n---\n', 'description must be a text'],
    ['a long description', `---\nname: a\ndescription: ${'d'.repeat(1025)}\n---\n`, 'at most 1024'],
    ['capital letters', named('Pdf'), 'a-z, 0-9 and single hyphens'],
    ['two hyphens', named('a--b'), 'a-z, 0-9 and single hyphens'],
    ['a hyphen in front', named('"-a"'), 'a-z, 0-9 and single hyphens'],
    ['a path', named('a/b'), 'a-z, 0-9 and single hyphens'],
    ['a long name', named('a'.repeat(65)), 'at most 64 characters'],
    ['metadata that is no map', `---\nname: a\ndescription: d\nmetadata: x\n---\n`, 'metadata must be a map'],
  ])('%s is refused', (_reason, text, says) => {
    expect(() => parseSkillFile(Buffer.from(text))).toThrow(says);
  });

  it('is refused when it is too long, or no UTF-8', () => {
    expect(() => parseSkillFile(Buffer.alloc(PACKAGE_LIMITS.skillFileBytes + 1, 'a'))).toThrow(
      'has more than',
    );
    expect(() => parseSkillFile(Buffer.from([0xff]))).toThrow('is no UTF-8');
  });
});

describe('a package', () => {
  it('has one hash, whoever packed its files and in which folder', async () => {
    const flat = rawZip([
      { name: 'SKILL.md', content: SKILL_TEXT },
      { name: 'scripts/a.py', mode: 0o100755 },
    ]);
    const nested = rawZip([
      { name: 'pdf/', content: '' },
      { name: 'pdf/scripts/a.py', mode: 0o100700, method: 0 },
      { name: 'pdf/SKILL.md', content: SKILL_TEXT, mode: 0o100600 },
    ]);
    const files = [file('scripts/a.py', 'text', true), file('SKILL.md', SKILL_TEXT)];
    const [one, two, three] = [
      await normalizePackage(flat),
      await normalizePackage(nested),
      await packFiles(files),
    ];
    expect(two.contentHash).toBe(one.contentHash);
    expect(three.contentHash).toBe(one.contentHash);
    expect(one.contentHash).toBe(contentHash(one.zip));
    expect(one.skill).toMatchObject({ name: 'pdf', body: 'Open the file.' });
    expect((await normalizePackage(one.zip)).contentHash).toBe(one.contentHash);
  });

  it('has another hash when a file may be executed', async () => {
    const skill = file('SKILL.md', SKILL_TEXT);
    const [one, two] = await Promise.all([
      packFiles([skill, file('a', 'x')]),
      packFiles([skill, file('a', 'x', true)]),
    ]);
    expect(one.contentHash).not.toBe(two.contentHash);
  });

  it.each([
    ['no SKILL.md', [file('README.md')], 'there is no SKILL.md'],
    ['SKILL.md in one of two folders', [file('a/SKILL.md', SKILL_TEXT), file('b/x')], 'there is no SKILL.md'],
    ['a path that leads out', [file('SKILL.md', SKILL_TEXT), file('../x')], 'leads out'],
    ['two names that are one', [file('SKILL.md', SKILL_TEXT), file('skill.md')], 'one on some file systems'],
    ['too large', [file('SKILL.md', SKILL_TEXT), file('x', 'a'.repeat(9 * 1024 * 1024))], 'at most 8388608'],
  ])('%s is refused', async (_reason, files, says) => {
    await expect(packFiles(files)).rejects.toThrow(says);
  });

  it('that does not become small enough is refused', async () => {
    const noise = Buffer.alloc(3 * 1024 * 1024);
    for (let at = 0, state = 1; at < noise.length; at++)
      noise[at] = (state = (state * 48271) % 2147483647) >> 8;
    const files = [file('SKILL.md', SKILL_TEXT), { path: 'noise', content: noise, executable: false }];
    await expect(packFiles(files)).rejects.toThrow('at most 2097152 are allowed');
  });
});
