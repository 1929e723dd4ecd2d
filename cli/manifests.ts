import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseManifests as parseText } from '#api/client/manifests';
import type { Manifest } from '#api/client/manifests';
import { describeError } from '#api/machinery/logger';
import { CliError } from './error-text.ts';

export type { Manifest };

/** A manifest, or what is wrong with a place where one should be. */
export type ManifestResult = Manifest | { error: CliError };

const EXTENSIONS = /\.(ya?ml|json)$/;

export interface ReadManifestsOptions {
  files: readonly string[];
  recursive: boolean;
  stdin: AsyncIterable<Uint8Array | string>;
}

/**
 * Objects of files, folders (their .yaml, .yml and .json, in order of name) and, for `-`, standard input.
 * A bad document does not hide the good ones; it comes as an error in its place.
 */
export async function readManifests(options: ReadManifestsOptions): Promise<ManifestResult[]> {
  const results: ManifestResult[] = [];
  for (const path of options.files) {
    if (path === '-') results.push(...parseManifests(await readAll(options.stdin), 'STDIN'));
    else results.push(...(await readPath(path, options.recursive)));
  }
  return results;
}

async function readPath(path: string, recursive: boolean): Promise<ManifestResult[]> {
  try {
    if (!(await stat(path)).isDirectory()) return parseManifests(await readFile(path, 'utf8'), path);
    const files = await listFolder(path, recursive);
    if (files.length === 0) throw new CliError(`no .yaml, .yml or .json files in ${JSON.stringify(path)}`);
    const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
    return texts.flatMap((text, index) => parseManifests(text, files[index] ?? path));
  } catch (error) {
    if (error instanceof CliError) return [{ error }];
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const why = missing ? `the path ${JSON.stringify(path)} does not exist` : describeError(error);
    return [{ error: new CliError(why, { cause: error }) }];
  }
}

async function listFolder(folder: string, recursive: boolean): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const files: string[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (recursive) files.push(...(await listFolder(path, true)));
    } else if (EXTENSIONS.test(entry.name)) files.push(path);
  }
  return files;
}

async function readAll(stream: AsyncIterable<Uint8Array | string>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(typeof part === 'string' ? Buffer.from(part) : part);
  return Buffer.concat(parts).toString('utf8');
}

/** As of api/client, with faults that are told as those of the command line. */
export function parseManifests(text: string, source: string): ManifestResult[] {
  return parseText(text, source).map((found) =>
    'problem' in found ? { error: new CliError(found.problem) } : found,
  );
}
