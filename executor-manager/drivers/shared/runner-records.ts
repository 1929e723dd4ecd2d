import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAbsent, namesIn } from '../../kept-files.ts';
import { isRunnerID } from './share-id.ts';

/** The record on disk of a shared runner that was started, so that the next manager finds it. */
export interface RunnerRecord {
  id: string;
  pid: number;
  /** See startTime. */
  startTime?: string;
  /** Of this machine's loopback. */
  port: number;
  /** Folder of the runner's own files. */
  state: string;
}

/** The records of one executor's shared runners: a file each. */
export class RunnerRecords {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async save(record: RunnerRecord): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const file = this.#file(record.id);
    // Whole or not at all, also when we are killed here.
    await writeFile(`${file}.new`, JSON.stringify(record), { mode: 0o600 });
    await rename(`${file}.new`, file);
  }

  async loadAll(): Promise<RunnerRecord[]> {
    const names = await namesIn(this.#folder);
    const ids = names.flatMap((name) => (name.endsWith('.json') ? [name.slice(0, -'.json'.length)] : []));
    const records = await Promise.all(ids.filter(isRunnerID).map((id) => this.#load(id)));
    return records.filter((record) => record !== undefined);
  }

  remove(id: string): Promise<void> {
    return rm(this.#file(id), { force: true });
  }

  async #load(id: string): Promise<RunnerRecord | undefined> {
    try {
      return JSON.parse(await readFile(this.#file(id), 'utf8')) as RunnerRecord;
    } catch (error) {
      // Half a file is what a power failure leaves, and no process outlives one.
      if (error instanceof SyntaxError || isAbsent(error)) return undefined;
      throw error;
    }
  }

  #file(id: string): string {
    return join(this.#folder, `${id}.json`);
  }
}
