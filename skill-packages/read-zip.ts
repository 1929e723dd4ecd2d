import { crc32 } from 'node:zlib';
import { fromBufferPromise } from 'yauzl';
import type { Entry, ZipFile } from 'yauzl';
import { InvalidPackage } from './invalid-package.ts';
import type { PackageFile } from './package-file.ts';
import { PACKAGE_LIMITS } from './package-limits.ts';
import { checkPath, PackageNames, shownName } from './path-rules.ts';

/** The upper half of the external attributes is a Unix mode where the archiver knew one (APPNOTE.TXT 4.4.15). */
const modeOf = ({ externalFileAttributes }: Entry): number => (externalFileAttributes >>> 16) & 0xffff;

const TYPE_MASK = 0o170000;
const REGULAR = 0o100000;
const FOLDER = 0o040000;
const EXECUTABLE = 0o111;

/** Files that archivers of macOS and Windows add for themselves. */
const NOISE = /^__MACOSX\/|(^|\/)(\.DS_Store|Thumbs\.db|desktop\.ini)$/;

/**
 * All files of a zip. The whole archive is judged from its directory before the first byte is unpacked, and what is
 * unpacked is held to what the directory said; memory and time are bounded by PACKAGE_LIMITS.
 * @throws InvalidPackage that names the file and the reason
 */
export async function readZip(bytes: Buffer): Promise<PackageFile[]> {
  if (bytes.length > PACKAGE_LIMITS.zipBytes) {
    throw new InvalidPackage(
      `the zip has ${bytes.length} bytes; at most ${PACKAGE_LIMITS.zipBytes} are allowed`,
    );
  }
  try {
    // Names come as bytes: how they are decoded and judged is said here, not by the library.
    const zip = await fromBufferPromise(bytes, { decodeStrings: false });
    const found = await judgedEntries(zip);
    const files: PackageFile[] = [];
    for (const { path, entry } of found) {
      const executable = (modeOf(entry) & EXECUTABLE) !== 0;
      files.push({ path, content: await contentOf(zip, path, entry), executable });
    }
    return files;
  } catch (error) {
    if (error instanceof InvalidPackage) throw error;
    throw new InvalidPackage(`the zip cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

interface Found {
  path: string;
  entry: Entry;
}

async function judgedEntries(zip: ZipFile): Promise<Found[]> {
  // Folders have entries of their own in many archives; each file needs one at most.
  const most = 2 * PACKAGE_LIMITS.files;
  if (zip.entryCount > most) {
    throw new InvalidPackage(
      `the zip has ${zip.entryCount} entries; at most ${PACKAGE_LIMITS.files} files are allowed`,
    );
  }
  const names = new PackageNames();
  const found: Found[] = [];
  let total = 0;
  for await (const entry of zip.eachEntry()) {
    const path = nameOf(entry);
    if (NOISE.test(path)) continue;
    const isFolder = path.endsWith('/');
    checkPath(isFolder ? path.slice(0, -1) : path);
    checkEntry(path, entry, isFolder);
    if (isFolder) continue;
    names.addFile(path);
    total += entry.uncompressedSize;
    if (total > PACKAGE_LIMITS.totalBytes) {
      throw new InvalidPackage(
        `the files have more than ${PACKAGE_LIMITS.totalBytes} bytes when they are unpacked (${shownName(path)})`,
      );
    }
    found.push({ path, entry });
    if (found.length > PACKAGE_LIMITS.files) {
      throw new InvalidPackage(`the zip has more than ${PACKAGE_LIMITS.files} files`);
    }
  }
  return found;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Old archivers write other encodings and do not say which: such names are refused, not guessed. */
function nameOf({ fileNameRaw }: Entry): string {
  try {
    return utf8.decode(fileNameRaw);
  } catch {
    const shown = shownName(fileNameRaw.toString('latin1'));
    throw new InvalidPackage(`the file name ${shown} is no UTF-8`);
  }
}

function checkEntry(path: string, entry: Entry, isFolder: boolean): void {
  const shown = shownName(path);
  const type = modeOf(entry) & TYPE_MASK;
  const expected = isFolder ? FOLDER : REGULAR;
  if (type !== 0 && type !== expected) {
    throw new InvalidPackage(`${shown} is ${TYPES.get(type) ?? 'no ordinary file'}; only files are allowed`);
  }
  if (entry.isEncrypted()) throw new InvalidPackage(`${shown} is encrypted`);
  if (!entry.canDecodeFileData()) {
    throw new InvalidPackage(`${shown} is compressed by a method other than deflate`);
  }
  if (isFolder && entry.uncompressedSize > 0) throw new InvalidPackage(`the folder ${shown} has content`);
}

/** stat(2). */
const TYPES: ReadonlyMap<number, string> = new Map([
  [0o120000, 'a symbolic link'],
  [0o060000, 'a device'],
  [0o020000, 'a device'],
  [0o010000, 'a pipe'],
  [0o140000, 'a socket'],
  [FOLDER, 'a folder with the name of a file'],
  [REGULAR, 'a file with the name of a folder'],
]);

async function contentOf(zip: ZipFile, path: string, entry: Entry): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    // The library ends the stream with an error as soon as it has more, or less, than the directory said.
    const stream = await zip.openReadStreamPromise(entry);
    for await (const chunk of stream) chunks.push(chunk as Buffer);
  } catch (error) {
    throw new InvalidPackage(`${shownName(path)} cannot be unpacked: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const content = Buffer.concat(chunks);
  if (crc32(content) !== entry.crc32) {
    throw new InvalidPackage(`${shownName(path)} is damaged: its checksum is wrong`);
  }
  return content;
}
