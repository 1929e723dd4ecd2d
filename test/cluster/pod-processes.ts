import { readdir, readFile } from 'node:fs/promises';

/** The processes of this machine that are in the containers of a Pod, but for the one that holds it together. */
export async function podProcesses(uid: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      // One that has ended meanwhile does not belong to the Pod.
      const read = (file: string): Promise<string> =>
        readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
      const isOfPod = (await read('cgroup')).includes(`pod${uid}`);
      return isOfPod && (await read('comm')).trim() !== 'pause' ? [Number(pid)] : [];
    }),
  );
  return found.flat();
}
