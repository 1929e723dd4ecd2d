import { readdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { beginningOf, pathInside } from './file-of-folder.ts';

/** Instructions are read whole by a model: longer files are not meant for it. */
const FILE_BYTES = 64 * 1024;
const TOTAL_BYTES = 256 * 1024;
/** How often a file may name another one. */
const MOST_DEPTH = 5;
const MOST_RULES = 50;

const ROOT_FILES = ['CLAUDE.md', '.claude/CLAUDE.md', 'AGENTS.md'];
const RULES_FOLDER = '.claude/rules';

export interface InstructionFile {
  /** Relative to the folder. */
  path: string;
  text: string;
}

/**
 * The instructions for agents that stand at the top of a folder, with the files that they import (`@path`, as in
 * https://code.claude.com/docs/en/memory). The folder is somebody else's: nothing outside of it is read, and nothing but
 * files. A file that cannot be read is left out.
 */
export async function instructionFiles(folder: string): Promise<InstructionFile[]> {
  const reading: Reading = { root: await realpath(folder), seen: new Set(), files: [], bytes: 0 };
  for (const name of [...ROOT_FILES, ...(await rules(folder))]) await readFrom(reading, name, 0);
  return reading.files;
}

interface Reading {
  root: string;
  /** Real paths, so that a link to another file does not count twice. */
  seen: Set<string>;
  files: InstructionFile[];
  bytes: number;
}

async function rules(folder: string): Promise<string[]> {
  try {
    const names = await readdir(path.join(folder, RULES_FOLDER));
    const rules = names.filter((name) => name.endsWith('.md')).sort();
    return rules.slice(0, MOST_RULES).map((name) => `${RULES_FOLDER}/${name}`);
  } catch {
    return []; // no such folder
  }
}

async function readFrom(reading: Reading, name: string, depth: number): Promise<void> {
  const target = await pathInside(reading.root, name);
  if (target === undefined || reading.seen.has(target) || reading.bytes > TOTAL_BYTES) return;
  reading.seen.add(target);
  const text = await beginningOf(target, FILE_BYTES);
  if (text === undefined || text.trim() === '') return;
  reading.files.push({ path: name, text });
  reading.bytes += text.length;
  if (depth === MOST_DEPTH) return;
  for (const other of importsOf(text)) {
    await readFrom(reading, path.join(path.dirname(name), other), depth + 1);
  }
}

/** The paths that a text imports: `@path` outside of code. */
export function importsOf(text: string): string[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '');
  const names = [...prose.matchAll(/(?:^|\s)@([^\s@]+)/g)].map(([, name = '']) =>
    name.replace(/[.,;:!?)]+$/, ''),
  );
  return names.filter(isRelative);
}

const isRelative = (name: string): boolean => !path.isAbsolute(name) && !name.startsWith('~');
