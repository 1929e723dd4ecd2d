import { open } from 'node:fs/promises';

/** Where the kubelet reads why a container has ended (Container.terminationMessagePath of Kubernetes). */
const TERMINATION_LOG = '/dev/termination-log';
/** It shows so much of the file, from its end. */
const SHOWN_BYTES = 4096;

/** Says why this process ends, where something reads that; standard error has the same words. */
export async function leaveTerminationMessage(text: string, file = TERMINATION_LOG): Promise<void> {
  try {
    // Only a file that is there: it is the kubelet that makes it.
    await using handle = await open(file, 'r+');
    await handle.truncate(0);
    await handle.writeFile(Buffer.from(text).subarray(0, SHOWN_BYTES));
  } catch {
    // Nobody reads it there.
  }
}
