import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import { fieldsOf } from '#api/machinery/json/json';
import { describeError } from '#api/machinery/logger';
import { SyncFailure } from '../sync-failure.ts';

/** The names that kustomize knows (api/konfig/general.go). */
const NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];
/** Fields whose entries are files or folders, or, for kustomize, addresses to fetch. */
const PLACES = [
  'resources',
  'bases',
  'components',
  'crds',
  'configurations',
  'generators',
  'transformers',
  'validators',
];
/** Fields that run programs or fetch charts. Kustomize wants a flag for each, which we do not give, and fails late without it. */
const REFUSED = ['helmCharts', 'helmChartInflationGenerator', 'helmGlobals'];
const MOST_FOLDERS = 200;

/** The kustomization among the names of a folder. */
export const kustomizationIn = (names: readonly string[]): string | undefined =>
  NAMES.find((name) => names.includes(name));

/**
 * Makes sure that a kustomization, and all that it builds on, is in the repository: kustomize would fetch from the network
 * whatever is no file, in the name of this process.
 * @throws SyncFailure BuildFailed
 */
export async function checkKustomization({ root, folder }: { root: string; folder: string }): Promise<void> {
  const top = await realpath(root);
  const seen = new Set<string>();
  const waiting = [await realpath(folder)];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    if (seen.size > MOST_FOLDERS) throw failed(`a kustomization builds on more than ${MOST_FOLDERS} folders`);
    const name = kustomizationIn(await readdir(next));
    if (name === undefined) continue;
    waiting.push(...(await foldersOf({ top, folder: next, file: path.join(next, name) })));
  }
}

const failed = (message: string): SyncFailure => new SyncFailure('BuildFailed', message, { isFinal: true });

interface Kustomization {
  /** The repository, without links. */
  top: string;
  folder: string;
  file: string;
}

async function foldersOf(at: Kustomization): Promise<string[]> {
  const shown = path.relative(at.top, at.file);
  let content: Record<string, unknown>;
  try {
    content = fieldsOf(parse(await readFile(at.file, 'utf8'), { maxAliasCount: 100, merge: true }));
  } catch (error) {
    throw failed(`error parsing ${shown}: ${describeError(error).split('\n')[0]}`);
  }
  const refused = REFUSED.find((field) => valuesOf(content, field).length > 0);
  if (refused !== undefined) throw failed(`${shown}: ${refused} is not supported`);
  const address = addressIn(content);
  if (address !== undefined) throw failed(`${shown}: ${address} is not in the repository`);
  const folders: string[] = [];
  for (const field of PLACES) {
    for (const entry of valuesOf(content, field).flatMap(listOf)) {
      // A text of several lines is the object itself.
      if (entry.includes('\n')) continue;
      const found = await placeOf(at, entry);
      if (found === undefined)
        throw failed(`${shown}: ${field} names ${entry}, which is not in the repository`);
      if (found.isFolder) folders.push(found.place);
    }
  }
  return folders;
}

/**
 * Go's decoder of JSON, by which kustomize reads, takes keys in any case, and two letters that fold to others
 * (encoding/json/fold.go: U+017F and U+212A).
 */
const folded = (key: string): string => key.toUpperCase().toLowerCase();

const valuesOf = (content: Record<string, unknown>, field: string): unknown[] =>
  Object.entries(content).flatMap(([key, value]) => (folded(key) === folded(field) ? [value] : []));

const listOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];

async function placeOf(
  { top, folder }: Kustomization,
  entry: string,
): Promise<{ place: string; isFolder: boolean } | undefined> {
  try {
    const place = await realpath(path.join(folder, entry));
    if (place !== top && !place.startsWith(top + path.sep)) return undefined;
    return { place, isFolder: (await stat(place)).isDirectory() };
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes((error as NodeJS.ErrnoException).code ?? '')) {
      return undefined;
    }
    throw error;
  }
}

/** Keys below which kustomize reads files of any kind, and would fetch an address. */
const FILE_KEYS = new Set([
  'path',
  'files',
  'envs',
  'env',
  'patchesstrategicmerge',
  'patchesjson6902',
  'replacements',
]);

/** The first address among the files that a kustomization names. */
function addressIn(value: unknown, isFile = false): string | undefined {
  if (typeof value === 'string') {
    return isFile && !value.includes('\n') && /^(?:[^=]*=)?https?:/i.test(value) ? value : undefined;
  }
  if (Array.isArray(value)) return first(value.map((entry: unknown) => addressIn(entry, isFile)));
  if (typeof value !== 'object' || value === null) return undefined;
  return first(Object.entries(value).map(([key, inner]) => addressIn(inner, FILE_KEYS.has(folded(key)))));
}

const first = (found: readonly (string | undefined)[]): string | undefined =>
  found.find((one) => one !== undefined);
