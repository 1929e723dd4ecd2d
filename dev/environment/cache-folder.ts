import { homedir } from 'node:os';
import path from 'node:path';

/** The checkout's root. */
export const projectRoot = path.resolve(import.meta.dirname, '../..');

/** A folder below `.cache/`, which git ignores and `make clean` removes. */
export function cacheFolder(...names: string[]): string {
  return path.join(projectRoot, '.cache', ...names);
}

/**
 * A folder that outlives the checkout, for what takes long to build or fetch and is named by its version: below
 * TROUPE_CACHE, else below `troupe` in the user's cache folder.
 */
export function sharedCacheFolder(...names: string[]): string {
  const users = process.env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache');
  return path.join(process.env['TROUPE_CACHE'] || path.join(users, 'troupe'), ...names);
}
