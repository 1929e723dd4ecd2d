import path from 'node:path';
import Database from 'better-sqlite3';
import { describe, it } from 'vitest';
import { freePort } from '#dev/environment/free-port';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { goProgram } from '../../kit/go-program.ts';
import { startTroupe } from '../../kit/troupe-process.ts';
import { startProgram } from './background-program.ts';

const program = goProgram('clients');
/** client-go waits longer after each try to reach a server that is away. */
const TIME_LIMIT_MS = 180_000;

/** Side by side, since each waits for client-go to try again. Informers outlive the server they watch. */
describe.skipIf(program.missing).concurrent('informers', () => {
  it.each([
    { how: 'streamed lists', watchList: 'true' },
    { how: 'lists in pages', watchList: 'false' },
  ])(
    'go on after a crash of the server, and list anew when its history is gone: $how',
    async ({ watchList }) => {
      await using folder = await temporaryFolder('restarts');
      const kubeconfig = path.join(folder.path, 'config');
      const start = await serverAt({ dataDir: folder.path, kubeconfig });
      const crashing = await start();
      const env = { KUBECONFIG: kubeconfig, KUBE_FEATURE_WatchListClient: watchList };
      await using informers = await startProgram(program.path, ['resync'], env);
      await informers.says('ready');

      await crashing.kill();
      const second = await start();
      process.kill(informers.pid, 'SIGUSR1');
      await informers.says('caught up after round 1');

      await second.kill();
      forgetHistory(path.join(folder.path, 'troupe.db'));
      await using _third = await start();
      process.kill(informers.pid, 'SIGUSR1');
      await informers.says('caught up after round 2');
    },
    TIME_LIMIT_MS,
  );
});

/** Starts servers, one after the other, at one address on one database. */
async function serverAt({ dataDir, kubeconfig }: { dataDir: string; kubeconfig: string }) {
  const address = ['--listen', `127.0.0.1:${await freePort()}`];
  return () =>
    startTroupe({
      args: ['api', ...address, '--data-dir', dataDir, '--write-kubeconfig', kubeconfig],
      env: { TROUPE_DATABASE_URL: '', TROUPE_REDIS_URL: '' },
      readyLine: /^troupe api ready/,
    });
}

/** As after a database's failover: revisions jump, and nobody knows what was between. */
function forgetHistory(file: string): void {
  const database = new Database(file);
  database.exec('UPDATE revision_counter SET "current" = "current" + 1000, "compacted" = "current" + 1000');
  database.close();
}
