import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { describeError } from '#api/machinery/logger';
import type { Unstructured } from '#api/machinery/meta';
import { CliError } from './error-text.ts';

/** One object of a file. */
export interface Manifest {
  object: Unstructured;
  /** For messages: the file, or STDIN. */
  source: string;
}

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

/** The objects of a text with any number of documents (YAML 1.2: `yes` is a text); a `List` counts as its items. */
export function parseManifests(text: string, source: string): ManifestResult[] {
  return parseAllDocuments(text, { merge: true }).flatMap((document): ManifestResult[] => {
    const problem = document.errors[0];
    if (problem !== undefined) {
      return [{ error: new CliError(`error parsing ${source}: ${problem.message.split('\n')[0]}`) }];
    }
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    return value === null || value === undefined ? [] : expand(value, source);
  });
}

function expand(value: unknown, source: string): ManifestResult[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [{ error: new CliError(`error parsing ${source}: a manifest must be a mapping`) }];
  }
  const object = value as Partial<Unstructured> & { items?: unknown };
  if (typeof object.kind === 'string' && object.kind.endsWith('List') && Array.isArray(object.items)) {
    return object.items.flatMap((item: unknown) => expand(item, source));
  }
  const missing = ['apiVersion', 'kind'].filter((field) => typeof object[field] !== 'string');
  if (missing.length > 0) {
    return [
      { error: new CliError(`error validating ${JSON.stringify(source)}: ${missing.join(', ')} not set`) },
    ];
  }
  return [{ object: { ...object, metadata: object.metadata ?? { name: '' } } as Unstructured, source }];
}
