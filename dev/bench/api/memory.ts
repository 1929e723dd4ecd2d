import { setTimeout as delay } from 'node:timers/promises';
import path from 'node:path';
import { projectRoot } from '../../environment/cache-folder.ts';
import { startProcess } from '../../environment/process.ts';
import { temporaryFolder } from '../../environment/temporary-folder.ts';
import type { Figure } from '../load/figure.ts';
import { residentMiB } from '../load/resident-memory.ts';

const SETTLE_MS = 10_000;
const READY = / ready at /;

/** Resident memory of the idle all-in-one server; the floor is a Node process that only waits. */
export async function measureMemory(): Promise<Figure> {
  await using folder = await temporaryFolder('bench');
  await using server = await startProcess({
    command: path.join(projectRoot, 'bin/troupe'),
    args: [
      'server',
      ...['--driver', 'process', '--listen', '127.0.0.1:0', '--log-level', 'warn'],
      ...['--data-dir', folder.path],
    ],
    env: { ...process.env, TROUPE_DATABASE_URL: '', TROUPE_REDIS_URL: '' },
  });
  await server.until({ what: 'get ready', ready: () => READY.test(server.output()), timeoutMs: 60_000 });
  await using bare = await startProcess({
    command: process.execPath,
    args: ['-e', 'setInterval(() => {}, 1000)'],
  });
  // A figure, not a test: the first garbage collections after the start have to be over.
  await delay(SETTLE_MS);
  const [ours, least] = [await residentMiB(server.pid), await residentMiB(bare.pid)];
  return {
    name: 'memory of the idle server',
    on: 'sqlite',
    value: `${ours.toFixed(0)} MiB`,
    floor: `idle Node ${least.toFixed(0)} MiB`,
    ratio: ours / least,
  };
}
