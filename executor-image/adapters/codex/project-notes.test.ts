import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { projectNotes } from './project-notes.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'troupe-notes-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (name: string): string => path.join(folder, name);
const notes = (text: string): string =>
  `# AGENTS.md instructions for ${folder}\n\n<INSTRUCTIONS>\n${text}\n</INSTRUCTIONS>`;

it('reads AGENTS.md, else CLAUDE.md', async () => {
  expect(await projectNotes(folder)).toBeUndefined();
  await writeFile(at('CLAUDE.md'), 'b');
  expect(await projectNotes(folder)).toBe(notes('b'));
  await writeFile(at('AGENTS.md'), 'a');
  expect(await projectNotes(folder)).toBe(notes('a'));
});

it('follows a link in the repository, and none out of it', async () => {
  await writeFile(at('CLAUDE.md'), 'b');
  await symlink('CLAUDE.md', at('AGENTS.md'));
  expect(await projectNotes(folder)).toBe(notes('b'));
  await rm(at('CLAUDE.md'));
  await symlink('/etc/hostname', at('CLAUDE.md'));
  expect(await projectNotes(folder)).toBeUndefined();
});

it('passes over a folder, and reads the beginning of a large file', async () => {
  await mkdir(at('AGENTS.md'));
  expect(await projectNotes(folder)).toBeUndefined();
  await rm(at('AGENTS.md'), { recursive: true });
  await writeFile(at('AGENTS.md'), 'x'.repeat(100_000));
  expect(await projectNotes(folder)).toBe(notes('x'.repeat(32 * 1024)));
});
