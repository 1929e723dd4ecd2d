import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inheritedEnvironment } from '../config.ts';
import { importsOf, instructionFiles } from './instruction-files.ts';
import { instructionsText } from './instructions-text.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'troupe-instructions-'));
  mkdirSync(path.join(root, 'repo'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const repo = (): string => path.join(root, 'repo');

function files(all: Record<string, string>): void {
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  }
}

const namesOf = async (): Promise<string[]> => (await instructionFiles(repo())).map((file) => file.path);

describe('instructions at the top', () => {
  it('are those of every agent, with rules and what they import', async () => {
    files({
      'repo/CLAUDE.md': 'Tabs. See @docs/style.md and @docs/gone.md.',
      'repo/docs/style.md': 'Short. @more.md',
      'repo/docs/more.md': 'More.',
      'repo/.claude/CLAUDE.md': 'Also.',
      'repo/.claude/rules/b.md': 'b',
      'repo/.claude/rules/a.md': 'a',
      'repo/AGENTS.md': 'Spaces.',
    });
    expect(await namesOf()).toEqual([
      ...['CLAUDE.md', 'docs/style.md', 'docs/more.md', '.claude/CLAUDE.md', 'AGENTS.md'],
      ...['.claude/rules/a.md', '.claude/rules/b.md'],
    ]);
  });

  it('count once where one is a link to the other, and files that name each other come to an end', async () => {
    files({ 'repo/AGENTS.md': '@b.md', 'repo/b.md': '@AGENTS.md @b.md' });
    symlinkSync('AGENTS.md', path.join(repo(), 'CLAUDE.md'));
    expect(await namesOf()).toEqual(['CLAUDE.md', 'b.md']);
  });

  it('never come from outside of the repository', async () => {
    files({ 'secret.md': 'secret', 'repo/CLAUDE.md': '@../secret.md @link.md @/etc/passwd @~/x @dir' });
    symlinkSync('../secret.md', path.join(repo(), 'link.md'));
    symlinkSync('../secret.md', path.join(repo(), 'AGENTS.md'));
    mkdirSync(path.join(repo(), 'dir'));
    expect(await namesOf()).toEqual(['CLAUDE.md']);
  });

  it('are texts: nobody waits for a pipe, or reads a program', async () => {
    execFileSync('mkfifo', [path.join(repo(), 'CLAUDE.md')]);
    files({ 'repo/AGENTS.md': 'a\0b', 'repo/.claude/CLAUDE.md': ' \n' });
    symlinkSync('/dev/zero', path.join(repo(), 'zero.md'));
    expect(await namesOf()).toEqual([]);
  });

  it('have an end', async () => {
    files({ 'repo/CLAUDE.md': `@big.md ${'x'.repeat(100_000)}`, 'repo/big.md': 'y'.repeat(1_000_000) });
    const sizes = (await instructionFiles(repo())).map(({ text }) => text.length);
    expect(sizes).toEqual([64 * 1024, 64 * 1024]);
  });
});

it.each([
  ['See @a.md, and @b/c.md', ['a.md', 'b/c.md']],
  ['mail me@example.com', []],
  ['`@code.md` and\n```\n@block.md\n```\n@real.md', ['real.md']],
  ['@/abs @~/home @@x', []],
])('imports of %j', (text, wanted) => {
  expect(importsOf(text)).toEqual(wanted);
});

it('files further down are named, to be read when the agent gets there', async () => {
  files({ 'repo/AGENTS.md': 'Top.', 'repo/sub/AGENTS.md': 'Sub.', 'repo/sub/deep/CLAUDE.md': 'Deep.' });
  const git = (...args: string[]): unknown => execFileSync('git', ['-C', repo(), ...args]);
  git('init', '--quiet');
  git('add', '.');
  const options = {
    folder: repo(),
    environment: inheritedEnvironment(),
    home: root,
    signal: new AbortController().signal,
  };
  const text = await instructionsText(options);
  expect(text).toContain('<file path="AGENTS.md">\nTop.\n</file>');
  expect(text).toContain('- sub/AGENTS.md\n- sub/deep/CLAUDE.md');
  expect(text).not.toContain('Deep.');
  expect(await instructionsText({ ...options, folder: root }), 'no repository').toBeUndefined();
});
