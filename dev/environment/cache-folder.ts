import path from 'node:path';

/** The checkout's root. */
export const projectRoot = path.resolve(import.meta.dirname, '../..');

/** A folder below `.cache/`, which git ignores and `make clean` removes. */
export function cacheFolder(...names: string[]): string {
  return path.join(projectRoot, '.cache', ...names);
}
