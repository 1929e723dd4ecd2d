import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree } from '#agent-folders/remove-tree';
import { isAbsent, namesIn } from '../../kept-files.ts';

/** The record on disk of a runtime that is a process, so that the next manager finds it. */
export interface ProcessRecord {
  id: string;
  port: number;
  /** Absent: it was not started, or the manager ended at that very moment. */
  pid?: number;
  /** See startTime. */
  startTime?: string;
}

/** The folders of one executor's runtimes. */
export class RuntimeFolders {
  readonly #base: string;

  constructor(root: string) {
    this.#base = join(root, 'runtimes');
  }

  /** The runner's own files. The path names the runtime's id, so that it is found in no other environment. */
  state(id: string): string {
    return join(this.#base, id, 'state');
  }

  workspace(id: string): string {
    return join(this.#base, id, 'workspace');
  }

  /** Makes the folders, the runner's own ones empty: a runner that is started again knows no run. */
  async prepare(id: string): Promise<void> {
    await removeTree(this.state(id));
    await mkdir(this.state(id), { recursive: true, mode: 0o700 });
    await mkdir(this.workspace(id), { recursive: true, mode: 0o700 });
  }

  async save(record: ProcessRecord): Promise<void> {
    const file = this.#recordFile(record.id);
    // Whole or not at all, also when we are killed here.
    await writeFile(`${file}.new`, JSON.stringify(record));
    await rename(`${file}.new`, file);
  }

  async load(id: string): Promise<ProcessRecord | undefined> {
    try {
      return JSON.parse(await readFile(this.#recordFile(id), 'utf8')) as ProcessRecord;
    } catch (error) {
      // Half a file is what a power failure leaves; what it was about is found by its folder.
      if (isAbsent(error) || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  async loadAll(): Promise<ProcessRecord[]> {
    const ids = await namesIn(this.#base);
    return Promise.all(ids.map(async (id) => (await this.load(id)) ?? { id, port: 0 }));
  }

  discard(id: string): Promise<void> {
    return removeTree(join(this.#base, id));
  }

  #recordFile(id: string): string {
    return join(this.#base, id, 'record.json');
  }
}
