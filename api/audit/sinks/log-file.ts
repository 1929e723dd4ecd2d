import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';

export interface LogFileOptions {
  file: string;
  /** A new file is begun before this one has more bytes. */
  maxBytes: number;
  /** Older files are removed after so many milliseconds; 0: never. */
  maxAgeMs: number;
  /** Older files that are kept at most; 0: all. */
  maxBackups: number;
  now: () => number;
}

/** For the owner only: it tells who did what. */
const MODE = 0o600;

/**
 * A file of lines that is renamed when it gets too large, as lumberjack does for kube-apiserver: `audit.log` becomes
 * `audit-2026-11-30T03-00-00.000.log`. Methods are called one after the other.
 */
export class LogFile {
  readonly #options: LogFileOptions;
  #handle: FileHandle | undefined;
  #bytes = 0;

  constructor(options: LogFileOptions) {
    this.#options = options;
  }

  /** @throws Error of node:fs; what was written of the lines is not known then */
  async append(lines: readonly string[]): Promise<void> {
    let piece: string[] = [];
    let bytes = 0;
    for (const line of lines) {
      const length = Buffer.byteLength(line);
      if (this.#bytes + bytes + length > this.#options.maxBytes && this.#bytes + bytes > 0) {
        await this.#write(piece.join(''), bytes);
        await this.#rotate();
        [piece, bytes] = [[], 0];
      }
      piece.push(line);
      bytes += length;
    }
    await this.#write(piece.join(''), bytes);
  }

  /** Opens the file, so that a folder that is not there is told at the start. @throws Error of node:fs */
  async open(): Promise<void> {
    if (this.#handle !== undefined) return;
    this.#handle = await open(this.#options.file, 'a', MODE);
    await this.#handle.chmod(MODE);
    this.#bytes = (await this.#handle.stat()).size;
    if (this.#bytes >= this.#options.maxBytes) await this.#rotate();
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  async #write(text: string, bytes: number): Promise<void> {
    if (bytes === 0) return;
    await this.open();
    try {
      await this.#handle?.appendFile(text);
    } catch (error) {
      // A disk that was full, or a file that was moved away: the next attempt opens it again.
      await this.#cut().catch(() => undefined);
      await this.close().catch(() => undefined);
      throw error;
    }
    this.#bytes += bytes;
  }

  /** Takes away what an attempt that failed has written: half a line would spoil the one that is written behind it. */
  async #cut(): Promise<void> {
    const size = (await this.#handle?.stat())?.size ?? 0;
    if (size > this.#bytes) await this.#handle?.truncate(this.#bytes);
  }

  async #rotate(): Promise<void> {
    const { file, now } = this.#options;
    await this.close();
    // Two in one millisecond, or a clock that was set back, must not replace a file.
    let time = now();
    while (await exists(backupOf(file, time))) time += 1;
    await rename(file, backupOf(file, time));
    await this.#prune();
    await this.open();
  }

  async #prune(): Promise<void> {
    const { file, maxAgeMs, maxBackups, now } = this.#options;
    const { dir } = path.parse(file);
    const backups = (await readdir(dir === '' ? '.' : dir)).flatMap((name) => {
      const time = timeOfBackup(name, file);
      return time === undefined ? [] : [{ name, time }];
    });
    backups.sort((a, b) => b.time - a.time);
    const old = backups.filter(
      ({ time }, index) =>
        (maxBackups > 0 && index >= maxBackups) || (maxAgeMs > 0 && now() - time > maxAgeMs),
    );
    for (const { name } of old) await rm(path.join(dir, name), { force: true });
  }
}

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );

function backupOf(file: string, time: number): string {
  const { name, ext, dir } = path.parse(file);
  const text = new Date(time).toISOString().replaceAll(':', '-').replace('Z', '');
  return path.join(dir, `${name}-${text}${ext}`);
}

/** Milliseconds since the epoch, for a file that #rotate has named. */
function timeOfBackup(name: string, file: string): number | undefined {
  const own = path.parse(file);
  const isOurs = name.startsWith(`${own.name}-`) && name.endsWith(own.ext);
  if (!isOurs) return undefined;
  const parts = /^(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d\.\d{3})$/.exec(
    name.slice(own.name.length + 1, name.length - own.ext.length),
  );
  return parts === null ? undefined : Date.parse(`${parts[1]}:${parts[2]}:${parts[3]}Z`);
}
