import { InvalidPackage } from './invalid-package.ts';
import { PACKAGE_LIMITS } from './package-limits.ts';

/** Control characters would reach terminals and logs, a backslash is a separator on some systems. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const FORBIDDEN = /[\u0000-\u001f\u007f-\u009f\\\ufffd]/u;

/** Shows a name that may hold anything. */
export const shownName = (path: string): string => JSON.stringify(path.slice(0, 120));

/**
 * Refuses a path that leads out of the skill's folder, or that systems read in different ways.
 * @throws InvalidPackage
 */
export function checkPath(path: string): void {
  const problem = pathProblem(path);
  if (problem !== undefined) throw new InvalidPackage(`the file name ${shownName(path)} ${problem}`);
}

function pathProblem(path: string): string | undefined {
  if (path === '') return 'is empty';
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return 'is absolute';
  if (FORBIDDEN.test(path)) return 'has a backslash, a control character or bytes that are no UTF-8';
  if (Buffer.byteLength(path) > PACKAGE_LIMITS.pathBytes) {
    return `is longer than ${PACKAGE_LIMITS.pathBytes} bytes`;
  }
  const segments = path.split('/');
  if (segments.length > PACKAGE_LIMITS.depth) {
    return `has more than ${PACKAGE_LIMITS.depth} folders in each other`;
  }
  if (segments.includes('..')) return 'leads out of the folder';
  if (segments.some((segment) => segment === '' || segment === '.')) return 'has an empty part or a "."';
  return undefined;
}

/**
 * Names of one package. Some file systems take two names for one when they differ only in case or in how a letter is
 * composed: the second would overwrite the first there, so both are refused everywhere.
 */
export class PackageNames {
  /** The folded name of each file and folder, with the name as it was written. */
  readonly #files = new Map<string, string>();
  readonly #folders = new Map<string, string>();

  /** @throws InvalidPackage */
  addFile(path: string): void {
    const key = folded(path);
    const same = this.#files.get(key);
    if (same === path) throw new InvalidPackage(`the file ${shownName(path)} is there twice`);
    if (same !== undefined) throw clash(same, path);
    if (this.#folders.has(key)) {
      throw new InvalidPackage(`${shownName(path)} is both a file and a folder`);
    }
    this.#files.set(key, path);
    const segments = path.split('/').slice(0, -1);
    segments.forEach((_, index) => this.#addFolder(segments.slice(0, index + 1).join('/')));
  }

  #addFolder(path: string): void {
    const key = folded(path);
    const same = this.#folders.get(key);
    if (same !== undefined && same !== path) throw clash(same, path);
    if (this.#files.has(key)) throw new InvalidPackage(`${shownName(path)} is both a file and a folder`);
    this.#folders.set(key, path);
  }
}

const folded = (path: string): string => path.normalize('NFKC').toLowerCase();

const clash = (one: string, other: string): InvalidPackage =>
  new InvalidPackage(`the names ${shownName(one)} and ${shownName(other)} are one on some file systems`);
