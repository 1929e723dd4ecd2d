import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { fieldsOf } from '#api/machinery/json/json';
import { describeError } from '#api/machinery/logger';
import { SyncFailure } from '../sync-failure.ts';

/** The names that kustomize knows (api/konfig/general.go). */
const NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];
/**
 * Fields whose entries configure what kustomize has built in: they name files as a kustomization does, and an address of this
 * machine would be fetched in spite of the proxy, by which Go never asks for one.
 */
const PLUGINS = ['generators', 'transformers', 'validators'];
/** Fields whose entries are files or folders, or, for kustomize, addresses to fetch. */
const PLACES = ['resources', 'bases', 'components', 'crds', 'configurations', ...PLUGINS];
/** Fields that run programs or fetch charts. Kustomize wants a flag for each, which we do not give, and fails late without it. */
const REFUSED = ['helmCharts', 'helmChartInflationGenerator', 'helmGlobals'];
const MOST_FOLDERS = 200;
/** Of a file that configures kustomize. */
const MOST_BYTES = 512 * 1024;

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
  const waiting: Place[] = [{ place: await realpath(folder), isPlugin: false }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { place, isPlugin } = next;
    const key = `${isPlugin} ${place}`;
    if (seen.has(key)) continue;
    seen.add(key);
    if (seen.size > MOST_FOLDERS) throw failed(`a kustomization builds on more than ${MOST_FOLDERS} folders`);
    const name = kustomizationIn(await readdir(place));
    if (name === undefined) continue;
    waiting.push(...(await foldersOf({ top, folder: place, file: path.join(place, name), isPlugin })));
  }
}

const failed = (message: string): SyncFailure => new SyncFailure('BuildFailed', message, { isFinal: true });

/** A folder. */
interface Place {
  place: string;
  /** Whether its objects configure what kustomize has built in. */
  isPlugin: boolean;
}

interface Kustomization {
  /** The repository, without links. */
  top: string;
  folder: string;
  file: string;
  isPlugin: boolean;
}

async function foldersOf(at: Kustomization): Promise<Place[]> {
  const shown = path.relative(at.top, at.file);
  let content: Record<string, unknown>;
  try {
    content = fieldsOf(parse(await readSmall(at.file, shown), { maxAliasCount: 100, merge: true }));
  } catch (error) {
    if (error instanceof SyncFailure) throw error;
    throw failed(`error parsing ${shown}: ${describeError(error).split('\n')[0]}`);
  }
  const refused = REFUSED.find((field) => valuesOf(content, field).length > 0);
  if (refused !== undefined) throw failed(`${shown}: ${refused} is not supported`);
  refuseAddress(content, shown);
  const folders: Place[] = [];
  for (const field of PLACES) {
    const isPlugin = at.isPlugin || PLUGINS.includes(field);
    for (const entry of valuesOf(content, field).flatMap(listOf)) {
      // A text of several lines is the object itself.
      if (entry.includes('\n')) {
        if (isPlugin) refuseAddresses(entry, shown);
        continue;
      }
      const found = await placeOf(at, entry);
      if (found === undefined)
        throw failed(`${shown}: ${field} names ${entry}, which is not in the repository`);
      if (found.isFolder) folders.push({ place: found.place, isPlugin });
      else if (isPlugin)
        refuseAddresses(await readSmall(found.place, shown), path.relative(at.top, found.place));
    }
  }
  return folders;
}

/** @throws SyncFailure BuildFailed for a file that is too large to be parsed at one go */
async function readSmall(file: string, shown: string): Promise<string> {
  if ((await stat(file)).size <= MOST_BYTES) return readFile(file, 'utf8');
  throw failed(`${shown}: ${path.basename(file)} has more than ${MOST_BYTES} bytes`);
}

/** @throws SyncFailure BuildFailed for a text of objects that name one */
function refuseAddresses(text: string, shown: string): void {
  for (const document of parseAllDocuments(text, { merge: true })) {
    const [problem] = document.errors;
    if (problem !== undefined) throw failed(`error parsing ${shown}: ${problem.message.split('\n')[0]}`);
    refuseAddress(document.toJS({ maxAliasCount: 100 }), shown);
  }
}

/** @throws SyncFailure BuildFailed */
function refuseAddress(content: unknown, shown: string): void {
  const address = addressIn(content);
  if (address !== undefined) throw failed(`${shown}: ${address} is not in the repository`);
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
  'paths',
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
