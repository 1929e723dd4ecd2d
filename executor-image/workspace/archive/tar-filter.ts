import { Transform } from 'node:stream';
import type { TransformCallback } from 'node:stream';
import type { EntryRules } from './entry-rules.ts';
import { BLOCK, isZero, readPaxRecords, readTarHeader, text } from './tar-header.ts';
import type { TarHeader } from './tar-header.ts';

/** A path has at most 4096 bytes on Linux; all that stands in an extended header has room in this. */
const MOST_EXTENSION_BYTES = 1024 * 1024;

/**
 * Passes a tar archive on, entry by entry, as far as the rules accept it, so that tar never sees what is refused. Fails
 * with the reason for a refusal, and for an archive that is cut off. Content is passed on as it comes.
 */
export class TarFilter extends Transform {
  readonly #rules: EntryRules;
  /** Entries that were left out. */
  leftOut = 0;
  #rest: Buffer = Buffer.alloc(0);
  /** Bytes of content, with the padding, that still follow. */
  #content = 0;
  #take: 'pass' | 'drop' | 'extension' = 'pass';
  /** Extended headers that belong to the next entry, as they came. */
  #held: Buffer[] = [];
  #extension: { type: string; size: number; pieces: Buffer[] } | undefined;
  #names: EntryNames = {};
  #ended = false;

  constructor(rules: EntryRules) {
    super();
    this.#rules = rules;
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    try {
      this.#read(this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]));
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  override _flush(done: TransformCallback): void {
    if (this.#ended) done(null, Buffer.alloc(2 * BLOCK));
    else done(new Error('the archive is cut off'));
  }

  #read(bytes: Buffer): void {
    let at = 0;
    while (!this.#ended && at < bytes.length) {
      if (this.#content > 0) {
        const piece = bytes.subarray(at, at + this.#content);
        at += piece.length;
        this.#readContent(piece);
      } else {
        if (bytes.length - at < BLOCK) break;
        this.#readHeader(bytes.subarray(at, at + BLOCK));
        at += BLOCK;
      }
    }
    this.#rest = this.#ended ? Buffer.alloc(0) : bytes.subarray(at);
  }

  #readContent(piece: Buffer): void {
    this.#content -= piece.length;
    if (this.#take === 'pass') this.push(piece);
    if (this.#take !== 'extension') return;
    this.#held.push(piece);
    this.#extension?.pieces.push(piece);
    if (this.#content === 0) this.#endExtension();
  }

  #readHeader(block: Buffer): void {
    const header = readTarHeader(block);
    if (header === undefined) {
      this.#ended = true;
      return;
    }
    if (['x', 'L', 'K'].includes(header.type)) {
      this.#beginExtension(block, header);
      return;
    }
    const { path = header.name, linkPath = header.linkName, size = header.size, sparsePath } = this.#names;
    const entry = { type: header.type, linkName: linkPath, size };
    const accepted =
      sparsePath === undefined
        ? this.#rules.accepts({ ...entry, name: path })
        : this.#rules.acceptsSparse({ ...entry, name: sparsePath }, path);
    if (accepted) for (const piece of [...this.#held, block]) this.push(piece);
    else this.leftOut += 1;
    this.#expect(size, accepted ? 'pass' : 'drop');
    this.#held = [];
    this.#names = {};
  }

  #beginExtension(block: Buffer, { type, size }: TarHeader): void {
    if (size === 0 || size > MOST_EXTENSION_BYTES) {
      throw new Error('an extended header has a wrong size');
    }
    this.#held.push(Buffer.from(block));
    this.#extension = { type, size, pieces: [] };
    this.#expect(size, 'extension');
  }

  #endExtension(): void {
    const { type = '', size = 0, pieces = [] } = this.#extension ?? {};
    const content = Buffer.concat(pieces).subarray(0, size);
    this.#extension = undefined;
    if (type === 'L') this.#learn({ path: text(content, 0, size) });
    else if (type === 'K') this.#learn({ linkPath: text(content, 0, size) });
    else this.#learn(namesOf(readPaxRecords(content)));
  }

  #learn(names: EntryNames): void {
    // Two words for one thing could be read in two ways.
    if (Object.keys(names).some((key) => key in this.#names)) throw new Error('an entry has two names');
    this.#names = { ...this.#names, ...names };
  }

  #expect(size: number, take: 'pass' | 'drop' | 'extension'): void {
    this.#content = Math.ceil(size / BLOCK) * BLOCK;
    this.#take = take;
  }
}

interface EntryNames {
  path?: string;
  linkPath?: string;
  size?: number;
  /** Where a file with holes goes; `path` then is a name for those who do not know of holes. */
  sparsePath?: string;
}

/**
 * Files with holes in the one form that tar writes, where the map of the data stands before it:
 * https://www.gnu.org/software/tar/manual/html_section/Sparse-Formats.html
 */
const SPARSE = 'GNU.sparse.';
const SPARSE_KEYS = new Set(['major', 'minor', 'name', 'realsize'].map((key) => `${SPARSE}${key}`));

function sparsePathOf(records: ReadonlyMap<string, string>): string | undefined {
  const keys = [...records.keys()].filter((key) => key.startsWith(SPARSE));
  if (keys.length === 0) return undefined;
  const path = records.get(`${SPARSE}name`);
  const version = `${records.get(`${SPARSE}major`)}.${records.get(`${SPARSE}minor`)}`;
  const isKnown = version === '1.0' && keys.every((key) => SPARSE_KEYS.has(key));
  if (!isKnown || path === undefined) throw new Error('a sparse file has an unknown form');
  return path;
}

function namesOf(records: ReadonlyMap<string, string>): EntryNames {
  const sparsePath = sparsePathOf(records);
  const path = records.get('path');
  const linkPath = records.get('linkpath');
  const size = records.get('size');
  if (size !== undefined && !/^\d{1,15}$/.test(size)) throw new Error('an entry has a size that is no size');
  return {
    ...(path === undefined ? {} : { path }),
    ...(linkPath === undefined ? {} : { linkPath }),
    ...(size === undefined ? {} : { size: Number(size) }),
    ...(sparsePath === undefined ? {} : { sparsePath }),
  };
}

/** Whether an archive came to its end, by its last bytes. */
export function endsArchive(tail: Buffer): boolean {
  return tail.length >= BLOCK && isZero(tail.subarray(-BLOCK));
}
