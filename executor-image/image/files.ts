import { copyFile, link, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface EmptyFolder extends AsyncDisposable {
  path: string;
}

export async function emptyFolder(): Promise<EmptyFolder> {
  const folder = await mkdtemp(path.join(tmpdir(), 'troupe-image-'));
  return { path: folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

export const textOf = (file: string): Promise<string> => readFile(file, 'utf8');

/** A second name for the same bytes where the file system allows it, else a copy: the programs are large. */
export async function placeFile(source: string, target: string): Promise<void> {
  try {
    await link(source, target);
  } catch {
    await copyFile(source, target); // another file system, or one without links
  }
}
