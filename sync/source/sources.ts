import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import type { AddressGuard } from '#guarded-client/address-guard';
import { judgedConnection } from './connection.ts';
import { plainFolder, readFolder } from './folder-source.ts';
import { fetchGit } from './git-source.ts';
import type { FetchedSource, WantedSource } from './source.ts';

export interface SourcesOptions {
  /** Folder in which a temporary one is made. */
  folder: string;
  environment: Readonly<Record<string, string>>;
  /** Judges addresses that are not trusted. */
  guard: AddressGuard;
}

/** The sources of all Syncs of a process: the newest commit of each is kept on the disk until there is a newer one. */
export class Sources implements AsyncDisposable {
  readonly #options: SourcesOptions;
  readonly #known = new Map<string, { url: string; source: FetchedSource }>();
  readonly #root: string;

  private constructor(options: SourcesOptions, root: string) {
    this.#options = options;
    this.#root = root;
  }

  static async open(options: SourcesOptions): Promise<Sources> {
    return new Sources(options, await mkdtemp(path.join(options.folder, 'troupe-sync-')));
  }

  /** @param id of the Sync, never used for another one @throws SyncFailure; the signal's reason */
  async fetch(id: string, wanted: WantedSource, signal: AbortSignal): Promise<FetchedSource> {
    const local = wanted.isTrusted ? plainFolder(wanted.url) : undefined;
    if (local !== undefined) return readFolder(local);
    const { environment, guard } = this.#options;
    const connection = wanted.isTrusted ? [] : await judgedConnection(wanted.url, guard);
    const before = this.#known.get(id);
    // The same commit of another repository may have been rewritten on its way.
    const known = before?.url === wanted.url ? before.source : undefined;
    const folder = path.join(this.#root, id);
    await mkdir(folder, { recursive: true });
    const source = await fetchGit(wanted, { folder, environment, signal }, { known, connection });
    this.#known.set(id, { url: wanted.url, source });
    return source;
  }

  /** The Sync is gone. */
  async forget(id: string): Promise<void> {
    this.#known.delete(id);
    await rm(path.join(this.#root, id), { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#root, { recursive: true, force: true });
  }
}
