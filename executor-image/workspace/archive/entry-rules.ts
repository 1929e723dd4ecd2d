import type { TarHeader } from './tar-header.ts';

/** Regular files, hard links, symbolic links, folders. */
const KEPT = new Set(['0', '1', '2', '5']);
/** Character and block devices, FIFOs: nobody goes on with one. */
const LEFT_OUT = new Set(['3', '4', '6']);

/**
 * The rules for the entries of a workspace archive. It comes from a sandbox, so it may have been made to write
 * elsewhere: through a path, or through a link that an entry before has made.
 */
export class EntryRules {
  readonly #limitBytes: number;
  #bytes = 0;
  /** Symbolic links, and hard links to them. */
  readonly #links: Place = { isLink: false, inside: new Map() };
  readonly #reserved: string | undefined;

  /** `reserved` is a name at the top that no entry may have. */
  constructor(limitBytes: number, reserved?: string) {
    this.#limitBytes = limitBytes;
    this.#reserved = reserved;
  }

  /** False for an entry that is to be left out. Throws an Error that says why the whole archive is refused. */
  accepts({ type, name, linkName, size }: TarHeader): boolean {
    if (!KEPT.has(type) && !LEFT_OUT.has(type)) throw refused(name, `is of the unknown type "${type}"`);
    if (type !== '0' && size > 0) throw refused(name, 'has content and is no file');
    if (LEFT_OUT.has(type)) return false;
    const parts = this.#insideParts(name);
    if (linkName.includes('\0')) throw refused(name, 'has a link to a name that is none');
    const isLink = type === '2' || (type === '1' && this.#isLink(this.#insideParts(linkName)));
    if (isLink) addLink(this.#links, parts);
    else if (type !== '1' && this.#isLink(parts)) throw refused(name, 'takes the place of a link');
    this.#bytes += size;
    if (this.#bytes > this.#limitBytes) {
      throw new Error(`the archive has more than ${this.#limitBytes} bytes`);
    }
    return true;
  }

  /** A file with holes, which a tar that does not know of holes would write to the placeholder. */
  acceptsSparse(file: TarHeader, placeholder: string): boolean {
    if (file.type !== '0') throw refused(file.name, 'has holes and is no file');
    this.#insideParts(placeholder);
    return this.accepts(file);
  }

  #isLink(parts: readonly string[]): boolean {
    return placeAt(this.#links, parts)?.isLink === true;
  }

  /** The parts of a path; refused unless it stays inside and goes through no link. */
  #insideParts(name: string): string[] {
    if (name.length > MOST_BYTES) throw refused(name, `has a path of more than ${MOST_BYTES} bytes`);
    const parts = name.split('/').filter((part) => part !== '' && part !== '.');
    if (parts.length > MOST_PARTS) throw refused(name, `lies more than ${MOST_PARTS} folders deep`);
    if (name.startsWith('/') || name === '' || parts.includes('..')) throw refused(name, 'leads elsewhere');
    if (name.includes('\0')) throw refused(name, 'has a name that is none');
    if (parts[0] === this.#reserved && parts[0] !== undefined) throw refused(name, 'has a name of ours');
    let place: Place | undefined = this.#links;
    for (const part of parts.slice(0, -1)) {
      place = place.inside.get(part);
      if (place === undefined) break;
      if (place.isLink) throw refused(name, 'goes through a link');
    }
    return parts;
  }
}

/** Of a path; Linux takes no longer one. Names are read one character for each byte. */
const MOST_BYTES = 4096;
const MOST_PARTS = 1024;

/** A link, or a folder that has one in it. */
interface Place {
  isLink: boolean;
  inside: Map<string, Place>;
}

function placeAt(root: Place, parts: readonly string[]): Place | undefined {
  let place: Place | undefined = root;
  for (const part of parts) place = place?.inside.get(part);
  return place;
}

function addLink(root: Place, parts: readonly string[]): void {
  let place = root;
  for (const part of parts) {
    const next: Place = place.inside.get(part) ?? { isLink: false, inside: new Map() };
    place.inside.set(part, next);
    place = next;
  }
  place.isLink = true;
}

function refused(name: string, why: string): Error {
  return new Error(`the entry ${JSON.stringify(name.slice(0, 200))} ${why}`);
}
