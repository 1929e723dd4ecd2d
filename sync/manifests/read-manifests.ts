import { lstat, readdir, readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { parseManifests } from '#api/client/manifests';
import type { Manifest, ParsedManifest } from '#api/client/manifests';
import { listed, SyncFailure } from '../sync-failure.ts';
import { checkKustomization, kustomizationIn } from './kustomization.ts';
import { runKustomize } from './kustomize-program.ts';

export interface ManifestFolder {
  /** The repository. */
  root: string;
  /** The folder in it, as a relative path; empty for the repository itself. */
  path: string;
  /** Variables for kustomize. */
  environment: Readonly<Record<string, string>>;
  signal: AbortSignal;
}

const MANIFEST = /\.(ya?ml|json)$/;
/** Of one document: kube-apiserver takes no larger request. */
const MOST_CHARACTERS = 3 * 1024 * 1024;
/** Of all manifests together, and how many objects they may be. */
const MOST_BYTES = 32 * 1024 * 1024;
const MOST_OBJECTS = 10_000;

/**
 * The objects of a folder and of the folders in it, in the order of their files. A folder with a kustomization is what
 * kustomize builds of it; folders and files whose names begin with a dot are left out.
 * @throws SyncFailure BuildFailed, which names each fault; the signal's reason
 */
export async function readManifests(folder: ManifestFolder): Promise<Manifest[]> {
  const start = await startFolder(folder);
  const texts = new Texts();
  await collect(folder, start, texts);
  const found = await parseAll(texts.all, folder.signal);
  const problems = found.flatMap((one) => ('problem' in one ? [one.problem] : []));
  if (problems.length > 0) throw failed(listed(problems));
  const manifests = found.filter((one) => 'object' in one);
  // Whoever moves the folder by mistake must not have all of it deleted.
  if (manifests.length === 0) throw failed(`there are no manifests in ${shown(folder.path)}`);
  if (manifests.length > MOST_OBJECTS) throw failed(`there are more than ${MOST_OBJECTS} objects`);
  return manifests;
}

/** The texts that were read, within a limit of bytes: a loop works for others, too. */
class Texts {
  readonly all: { text: string; source: string }[] = [];
  #size = 0;

  /** @throws SyncFailure BuildFailed when `bytes` more are too many */
  expect(bytes: number): void {
    if (this.#size + bytes > MOST_BYTES) throw failed(`the manifests have more than ${MOST_BYTES} bytes`);
  }

  /** @throws SyncFailure BuildFailed when they are too many */
  add(text: string, source: string): void {
    this.expect(Buffer.byteLength(text));
    this.#size += Buffer.byteLength(text);
    this.all.push({ text, source });
  }
}

/** Document by document, between which the process has its turn: to parse a megabyte takes a second, and a Lease ten. */
async function parseAll(texts: Texts['all'], signal: AbortSignal): Promise<ParsedManifest[]> {
  const found: ParsedManifest[] = [];
  for (const { text, source } of texts) {
    for (const document of documentsOf(text)) {
      if (document.length > MOST_CHARACTERS) {
        throw failed(`${source}: a document has more than ${MOST_CHARACTERS} characters`);
      }
      found.push(...parseManifests(document, source));
      await setImmediate();
      signal.throwIfAborted();
    }
  }
  return found;
}

/** Three hyphens that begin a line begin a document, wherever they are (YAML 1.2, 9.1.2); directives are before them. */
const documentsOf = (text: string): string[] => (/^%/m.test(text) ? [text] : text.split(/^(?=---(?:\s|$))/m));

const failed = (message: string): SyncFailure => new SyncFailure('BuildFailed', message, { isFinal: true });
const shown = (folder: string): string => (folder === '' ? 'the repository' : `"${folder}"`);

async function startFolder({ root, path: inside }: ManifestFolder): Promise<string> {
  const folder = path.join(root, inside);
  const found = await lstat(folder).catch(() => undefined); // absent: told below
  if (found === undefined || !found.isDirectory()) throw failed(`there is no folder ${shown(inside)}`);
  const [real, top] = await Promise.all([realpath(folder), realpath(root)]);
  if (real !== top && !real.startsWith(top + path.sep))
    throw failed(`${shown(inside)} leads out of the source`);
  return folder;
}

async function collect(options: ManifestFolder, folder: string, into: Texts): Promise<void> {
  options.signal.throwIfAborted();
  const entries = await readdir(folder, { withFileTypes: true });
  const kustomization = kustomizationIn(entries.map(({ name }) => name));
  if (kustomization !== undefined) {
    await checkKustomization({ root: options.root, folder });
    const text = await runKustomize({ ...options, folder });
    into.add(text, path.relative(options.root, path.join(folder, kustomization)));
    return;
  }
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.')) continue;
    const place = path.join(folder, entry.name);
    if (entry.isDirectory()) await collect(options, place, into);
    else if (entry.isFile() && MANIFEST.test(entry.name)) {
      into.expect((await lstat(place)).size);
      into.add(await readFile(place, 'utf8'), path.relative(options.root, place));
    }
  }
}
