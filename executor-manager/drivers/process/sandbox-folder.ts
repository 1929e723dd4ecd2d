import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RuntimeSpec, TaskVolume } from '../driver.ts';

/** What is kept on disk of a sandbox that is a process, so that the next manager finds it. */
export interface ProcessRecord {
  sandboxUID: string;
  taskUID: string;
  port: number;
  /** Absent: it was not started, or the manager ended at that very moment. */
  pid?: number;
  /** See startTime. */
  startTime?: string;
}

/** The folders of one executor's sandboxes and volumes. */
export interface SandboxFolders {
  /** The runner's own files. The name ends with the sandbox's uid, so that it is found in no other environment. */
  state(sandboxUID: string): string;
  workspace(taskUID: string): string;
  /** Makes the folders of a sandbox and its Task. */
  prepare(spec: RuntimeSpec): Promise<void>;
  save(record: ProcessRecord): Promise<void>;
  load(sandboxUID: string): Promise<ProcessRecord | undefined>;
  loadAll(): Promise<ProcessRecord[]>;
  discard(sandboxUID: string): Promise<void>;
}

export function createSandboxFolders(root: string): SandboxFolders {
  const base = join(root, 'sandboxes');
  const folder = (uid: string): string => join(base, uid);
  const recordFile = (uid: string): string => join(folder(uid), 'record.json');
  const state = (uid: string): string => join(folder(uid), 'state');

  async function load(uid: string): Promise<ProcessRecord | undefined> {
    try {
      return JSON.parse(await readFile(recordFile(uid), 'utf8')) as ProcessRecord;
    } catch (error) {
      // Half a file is what a power failure leaves; what it was about is found by its folder.
      if (isAbsent(error) || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  return {
    state,
    workspace: (taskUID) => join(volumesOf(root), taskUID, 'data'),
    load,
    async prepare(spec) {
      await mkdir(state(spec.sandbox.uid), { recursive: true, mode: 0o700 });
      const volume = join(volumesOf(root), spec.task.uid);
      await mkdir(join(volume, 'data'), { recursive: true, mode: 0o700 });
      const task = { namespace: spec.sandbox.namespace, name: spec.task.name };
      await writeFile(join(volume, 'task.json'), JSON.stringify(task));
    },
    async save(record) {
      const file = recordFile(record.sandboxUID);
      // Whole or not at all, also when we are killed here.
      await writeFile(`${file}.new`, JSON.stringify(record));
      await rename(`${file}.new`, file);
    },
    async loadAll() {
      const uids = await entries(base);
      const records = await Promise.all(
        uids.map(async (uid) => (await load(uid)) ?? { sandboxUID: uid, taskUID: '', port: 0 }),
      );
      return records;
    },
    discard: (uid) => rm(folder(uid), { recursive: true, force: true, maxRetries: 3 }),
  };
}

const volumesOf = (root: string): string => join(root, 'volumes');

/** The Tasks' volumes below `root`. */
export async function listVolumeFolders(root: string): Promise<TaskVolume[]> {
  const uids = await entries(volumesOf(root));
  const volumes = await Promise.all(
    uids.map(async (taskUID) => {
      const text = await readFile(join(volumesOf(root), taskUID, 'task.json'), 'utf8').catch(() => undefined);
      return text === undefined ? [] : [{ taskUID, task: JSON.parse(text) as TaskVolume['task'] }];
    }),
  );
  return volumes.flat();
}

export function removeVolumeFolder(root: string, taskUID: string): Promise<void> {
  return rm(join(volumesOf(root), taskUID), { recursive: true, force: true, maxRetries: 3 });
}

async function entries(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

function isAbsent(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
