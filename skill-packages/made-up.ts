import { crc32, deflateRawSync } from 'node:zlib';
import type { PackageFile } from './package-file.ts';

/** For tests: packages, and zips that no archiver would write. */

export const SKILL_TEXT = '---\nname: pdf\ndescription: Reads PDF files.\n---\nOpen the file.\n';

export function file(path: string, content = 'text', executable = false): PackageFile {
  return { path, content: Buffer.from(content), executable };
}

/** One entry of a raw zip; what is absent is as an honest archiver would write it. */
export interface RawEntry {
  name: string | Buffer;
  content?: string | Buffer;
  /** Unix mode with the type of the file. */
  mode?: number;
  crc?: number;
  /** The size in the directory. */
  size?: number;
  method?: number;
  flags?: number;
}

/** A zip of exactly these entries (APPNOTE.TXT 4.3.7, 4.3.12, 4.3.16). */
export function rawZip(entries: readonly RawEntry[]): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const { local, central } = rawEntry(entry, offset);
    locals.push(local);
    directory.push(central);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, central, end]);
}

function rawEntry(entry: RawEntry, offset: number): { local: Buffer; central: Buffer } {
  const name = Buffer.from(entry.name);
  const content = Buffer.from(entry.content ?? 'text');
  const method = entry.method ?? 8;
  const data = method === 8 ? deflateRawSync(content) : content;
  const common = Buffer.alloc(22);
  common.writeUInt16LE(entry.flags ?? 0x800, 0);
  common.writeUInt16LE(method, 2);
  common.writeUInt32LE(entry.crc ?? crc32(content), 8);
  common.writeUInt32LE(data.length, 12);
  common.writeUInt32LE(entry.size ?? content.length, 16);
  common.writeUInt16LE(name.length, 20);
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(20, 4);
  common.copy(local, 6);
  const central = Buffer.alloc(46);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt16LE((3 << 8) | 20, 4);
  central.writeUInt16LE(20, 6);
  common.copy(central, 8);
  central.writeUInt32LE(((entry.mode ?? 0) << 16) >>> 0, 38);
  central.writeUInt32LE(offset, 42);
  return { local: Buffer.concat([local, name, data]), central: Buffer.concat([central, name]) };
}
