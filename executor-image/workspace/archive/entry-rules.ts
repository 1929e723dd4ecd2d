import type { TarHeader } from './tar-header.ts';

/** Regular files, hard links, symbolic links, folders. */
const KEPT = new Set(['0', '1', '2', '5']);
/** Character and block devices, FIFOs: nobody goes on with one. */
const LEFT_OUT = new Set(['3', '4', '6']);

/**
 * What an archive of a workspace may hold. It comes from a sandbox, so it may have been made to write elsewhere: through
 * a path, or through a link that an entry before has made.
 */
export class EntryRules {
  readonly #limitBytes: number;
  #bytes = 0;
  /** Paths of symbolic links, and of hard links to them. */
  readonly #links = new Set<string>();

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** False for an entry that is to be left out. Throws an Error that says why the whole archive is refused. */
  accepts({ type, name, linkName, size }: TarHeader): boolean {
    if (!KEPT.has(type) && !LEFT_OUT.has(type)) throw refused(name, `is of the unknown type "${type}"`);
    if (type !== '0' && size > 0) throw refused(name, 'has content and is no file');
    if (LEFT_OUT.has(type)) return false;
    const path = this.#insidePath(name);
    if (type === '1') this.#acceptHardLink(path, linkName);
    else if (type === '2') this.#links.add(path);
    else if (this.#links.has(path)) throw refused(name, 'takes the place of a link');
    this.#bytes += size;
    if (this.#bytes > this.#limitBytes) {
      throw new Error(`the archive has more than ${this.#limitBytes} bytes`);
    }
    return true;
  }

  /** A file with holes, which a tar that does not know of holes would write to the placeholder. */
  acceptsSparse(file: TarHeader, placeholder: string): boolean {
    if (file.type !== '0') throw refused(file.name, 'has holes and is no file');
    this.#insidePath(placeholder);
    return this.accepts(file);
  }

  #acceptHardLink(path: string, linkName: string): void {
    if (this.#links.has(this.#insidePath(linkName))) this.#links.add(path);
  }

  /** The path in its plain form; refused unless it stays inside and goes through no link. */
  #insidePath(name: string): string {
    const parts = name.split('/').filter((part) => part !== '' && part !== '.');
    if (name.startsWith('/') || name === '' || parts.includes('..')) throw refused(name, 'leads elsewhere');
    if (this.#links.size > 0) {
      for (let count = 1; count < parts.length; count += 1) {
        if (this.#links.has(parts.slice(0, count).join('/'))) throw refused(name, 'goes through a link');
      }
    }
    return parts.join('/');
  }
}

function refused(name: string, why: string): Error {
  return new Error(`the entry ${JSON.stringify(name.slice(0, 200))} ${why}`);
}
