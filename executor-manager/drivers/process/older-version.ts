import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '#api/machinery/clock';
import { endProcesses } from './end-processes.ts';
import { namesIn } from '../../kept-files.ts';

/** Ends and removes what a manager left that named processes after Sandboxes and kept one workspace for each Task. */
export async function removeOlderVersion(root: string, clock: Clock): Promise<void> {
  const sandboxes = join(root, 'sandboxes');
  for (const uid of await namesIn(sandboxes)) {
    await endProcesses({ record: undefined, state: join(sandboxes, uid, 'state'), clock });
  }
  for (const folder of [sandboxes, join(root, 'volumes')]) {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
