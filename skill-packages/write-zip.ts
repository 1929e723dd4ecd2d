import { ZipFile } from 'yazl';
import type { PackageFile } from './package-file.ts';

/** A zip knows times since 1980; equal contents have equal bytes whenever they are packed. */
const TIME = new Date(1980, 0, 1);
const REGULAR = 0o100000;

/** Packs files, in order of their paths, so that equal files make equal bytes. */
export async function writeZip(files: readonly PackageFile[]): Promise<Buffer> {
  const zip = new ZipFile();
  for (const { path, content, executable } of files.toSorted(byPath)) {
    const mode = REGULAR | (executable ? 0o755 : 0o644);
    zip.addBuffer(content, path, { mtime: TIME, mode, forceDosTimestamp: true, compressionLevel: 9 });
  }
  zip.end();
  const chunks: Buffer[] = [];
  for await (const chunk of zip.outputStream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** By UTF-16, which does not depend on a language. */
const byPath = (a: PackageFile, b: PackageFile): number => (a.path < b.path ? -1 : 1);
