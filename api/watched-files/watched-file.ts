import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../machinery/clock.ts';
import { describeError } from '../machinery/logger.ts';
import type { Logger } from '../machinery/logger.ts';

/** Editors and mounts change a folder several times for one new content. */
const SETTLE_MS = 100;
/** Some file systems tell of no change; kube-apiserver looks as often (server/dynamiccertificates). */
const LOOK_AGAIN_MS = 60_000;

export interface WatchedFileOptions {
  file: string;
  clock: Clock;
  logger: Logger;
  /** Gets each new content, one after the other. Errors that it throws are logged; the content before stays. */
  use(text: string): Promise<void> | void;
}

/**
 * Whether a change in the folder may be one of the file: others beside it, such as a log, change all the time. Mounts of
 * ConfigMaps and Secrets change the link `..data`; not all file systems say a name.
 */
const mayConcern = (name: string | null, file: string): boolean =>
  name === null || name === path.basename(file) || name.startsWith('..');

/** A file that is read again whenever it changes. */
export interface WatchedFile extends Disposable {
  /** As it was when it was read first. */
  readonly text: string;
}

/** @throws Error of Node where the file cannot be read now */
export async function watchFile(options: WatchedFileOptions): Promise<WatchedFile> {
  const text = await readFile(options.file, 'utf8');
  const watching = new Watching(text, options);
  return { text, [Symbol.dispose]: () => watching.stop() };
}

class Watching {
  readonly #options: WatchedFileOptions;
  readonly #watcher: FSWatcher | undefined;
  #text: string;
  #cancelSettling = (): void => undefined;
  #cancelNextLook = (): void => undefined;
  #isSettling = false;
  #isReading = false;
  #isStale = false;
  #hasStopped = false;

  constructor(text: string, options: WatchedFileOptions) {
    this.#text = text;
    this.#options = options;
    this.#watcher = this.#watchFolder();
    this.#lookLater();
  }

  stop(): void {
    this.#hasStopped = true;
    this.#cancelSettling();
    this.#cancelNextLook();
    this.#watcher?.close();
  }

  /** Its folder, since a file that is replaced is another one; a mounted ConfigMap changes a link beside it. */
  #watchFolder(): FSWatcher | undefined {
    const { file, logger } = this.#options;
    const warn = (error: unknown): void =>
      logger.warn('cannot watch a file; it is looked at each minute', { file, error: describeError(error) });
    try {
      const watcher = watch(path.dirname(file), { persistent: false }, (_event, name) => {
        if (mayConcern(name, file)) this.#lookSoon();
      });
      watcher.on('error', warn);
      return watcher;
    } catch (error) {
      warn(error);
      return undefined;
    }
  }

  /** After the first of several changes: a file that never rests is read all the same. */
  #lookSoon(): void {
    if (this.#hasStopped || this.#isSettling) return;
    this.#isSettling = true;
    this.#cancelSettling = this.#options.clock.after(SETTLE_MS, () => {
      this.#isSettling = false;
      void this.#look();
    });
  }

  #lookLater(): void {
    if (this.#hasStopped) return;
    this.#cancelNextLook = this.#options.clock.after(LOOK_AGAIN_MS, () => {
      void this.#look();
      this.#lookLater();
    });
  }

  /** One reading at a time: what changes meanwhile is read after it. */
  async #look(): Promise<void> {
    this.#isStale = true;
    if (this.#isReading) return;
    this.#isReading = true;
    while (this.#isStale && !this.#hasStopped) {
      this.#isStale = false;
      await this.#read();
    }
    this.#isReading = false;
  }

  async #read(): Promise<void> {
    const { file, logger, use } = this.#options;
    try {
      const text = await readFile(file, 'utf8');
      if (text === this.#text) return;
      // Also one that is refused: it is told once.
      this.#text = text;
      await use(text);
    } catch (error) {
      logger.error('a changed file is not used; what it said before goes on to count', {
        file,
        error: describeError(error),
      });
    }
  }
}
