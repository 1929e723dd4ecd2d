import { createReadStream } from 'node:fs';
import type { ReadStream } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder, writePrivateFile } from '#api/data-folder/private-file';
import { badRequest, StatusError } from '#api/machinery/status-error';
import { isAbsent, isPlainName, namesIn } from '../kept-files.ts';

/** Whose work it is. */
export interface WorkKey {
  taskUID: string;
  sandboxUID: string;
}

export interface TaskWork {
  taskUID: string;
  /** Undefined when it is no longer known. */
  task: { namespace: string; name: string } | undefined;
}

type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** An archive that is kept. */
export interface KeptWork {
  /** 0: the run has left no files. */
  bytes: number;
  /** Reads it from its beginning. */
  read(): ReadStream;
}

const ARCHIVE = '.tar';
const UNFINISHED = '.unfinished';
const TASK_FILE = 'task.json';

/**
 * The work of runs whose runtimes are gone, on this executor: `FOLDER/TASK-UID/SANDBOX-UID.tar`, each whole and on disk
 * before it has its name. What is in an archive is untrusted; nothing here looks into it.
 */
export class WorkStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Keeps an archive in place of one that is there; an empty one where a run has left no files.
   * @throws StatusError RequestEntityTooLarge beyond the limit; what reading it, or the disk, throws
   */
  async keep(key: WorkKey, archive: Chunks, kept: KeepOptions): Promise<void> {
    const folder = this.#taskFolder(key.taskUID);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if ((await this.#readTask(key.taskUID)) === undefined) {
      await writePrivateFile(join(folder, TASK_FILE), JSON.stringify(kept.task));
    }
    const file = this.#file(key);
    const unfinished = `${file}${UNFINISHED}`;
    try {
      await writeThrough(unfinished, archive, kept.limitBytes);
      await rename(unfinished, file);
      await syncFolder(folder);
    } catch (error) {
      // The error to report is the one of the work.
      await rm(unfinished, { force: true }).catch(() => undefined);
      throw error;
    }
  }

  /** Undefined when there is none. */
  async find(key: WorkKey): Promise<KeptWork | undefined> {
    const file = this.#file(key);
    try {
      const { size } = await stat(file);
      return { bytes: size, read: () => createReadStream(file) };
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  /** The work of a Task that was kept last; undefined when there is nothing. */
  async newest(taskUID: string): Promise<KeptWork | undefined> {
    const folder = this.#taskFolder(taskUID);
    const uids = (await namesBelow(folder)).filter((name) => name.endsWith(ARCHIVE));
    const found = await Promise.all(
      uids.map(async (name) => ({ name, at: (await stat(join(folder, name))).mtimeMs })),
    );
    const last = found.toSorted((a, b) => b.at - a.at)[0];
    return last && this.find({ taskUID, sandboxUID: last.name.slice(0, -ARCHIVE.length) });
  }

  /** The Tasks that have a folder here. */
  async tasks(): Promise<TaskWork[]> {
    const uids = (await namesBelow(this.#folder)).filter((name) => isPlainName(name));
    return Promise.all(uids.map(async (taskUID) => ({ taskUID, task: await this.#readTask(taskUID) })));
  }

  /** Removes what a manager that was killed has left half written. Only while nothing is being kept. */
  async removeUnfinished(): Promise<void> {
    for (const taskUID of await namesBelow(this.#folder)) {
      const folder = join(this.#folder, taskUID);
      const left = (await namesBelow(folder)).filter((name) => /[.](unfinished|tmp)$/.test(name));
      for (const name of left) await rm(join(folder, name), { recursive: true, force: true });
    }
  }

  /** Undefined where a full disk, or a power cut, has left no name. */
  async #readTask(taskUID: string): Promise<TaskWork['task']> {
    try {
      const { namespace, name } = JSON.parse(
        await readFile(join(this.#folder, taskUID, TASK_FILE), 'utf8'),
      ) as Partial<NonNullable<TaskWork['task']>>;
      return namespace === undefined || name === undefined ? undefined : { namespace, name };
    } catch (error) {
      if (isAbsent(error) || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  /** Idempotent. */
  remove(key: WorkKey): Promise<void> {
    return rm(this.#file(key), { force: true });
  }

  /** Of a Task that is gone; its folder goes with the last one. Idempotent. */
  async removeLast(key: WorkKey): Promise<void> {
    await this.remove(key);
    const left = (await namesBelow(this.#taskFolder(key.taskUID))).some((name) => name.endsWith(ARCHIVE));
    if (!left) await this.removeTask(key.taskUID);
  }

  /** Idempotent. */
  removeTask(taskUID: string): Promise<void> {
    return rm(this.#taskFolder(taskUID), { recursive: true, force: true, maxRetries: 3 });
  }

  #taskFolder(taskUID: string): string {
    return join(this.#folder, checked(taskUID, 'spec.taskRef.uid must be the uid of a Task'));
  }

  #file({ taskUID, sandboxUID }: WorkKey): string {
    const name = checked(sandboxUID, 'spec.continueFrom must hold uids of Sandboxes');
    return join(this.#taskFolder(taskUID), `${name}${ARCHIVE}`);
  }
}

export interface KeepOptions {
  task: NonNullable<TaskWork['task']>;
  limitBytes: number;
}

/** Folders and files are named by it, and whoever may create a Sandbox writes it: it must not lead anywhere else. */
function checked(uid: string, rule: string): string {
  if (isPlainName(uid)) return uid;
  throw badRequest(`${rule}, not "${uid.slice(0, 128)}"`);
}

async function writeThrough(file: string, archive: Chunks, limitBytes: number): Promise<void> {
  await using handle = await open(file, 'w', 0o600);
  let bytes = 0;
  for await (const chunk of archive) {
    bytes += chunk.length;
    if (bytes > limitBytes) {
      throw new StatusError('RequestEntityTooLarge', `the work has more than ${limitBytes} bytes`);
    }
    await handle.writeFile(chunk);
  }
  await handle.sync();
}

/** None in a file, either: somebody may have put one among the folders. */
async function namesBelow(folder: string): Promise<string[]> {
  try {
    return await namesIn(folder);
  } catch (error) {
    if (isCode(error, 'ENOTDIR')) return [];
    throw error;
  }
}

function isCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}
