import { systemClock } from '#api/machinery/clock';
import { silentLogger } from '#api/machinery/logger';
import type { Driver } from '#api/storage/driver/driver';
import { openEncryption } from '#api/storage/encryption/encryption';
import { openMysql } from '#api/storage/mysql/open-mysql';
import { openSqlite } from '#api/storage/sqlite/open-sqlite';
import { TASKS } from './objects.ts';
import { rootKeysInMemory } from './root-keys.ts';

/** A child process of encryption-kill.test.ts: dies as in a power cut when it has encrypted two groups of texts. */
const [url = '', rootKey = ''] = process.argv.slice(2);
const driver = url.startsWith('sqlite:') ? openSqlite(url.slice('sqlite:'.length)) : await openMysql(url);
let groups = 0;
const dying: Driver = {
  ...driver,
  encryption: {
    keys: () => driver.encryption.keys(),
    changeKeys: (change) => driver.encryption.changeKeys(change),
    scan: (query) => driver.encryption.scan(query),
    async rewrite(rewriting) {
      if (groups++ === 2) process.kill(process.pid, 'SIGKILL');
      return driver.encryption.rewrite(rewriting);
    },
    noteRemains: () => driver.encryption.noteRemains(),
    removeRemains: () => driver.encryption.removeRemains(),
  },
};
const encryption = await openEncryption({
  driver: dying,
  resources: new Set([TASKS]),
  rootKeys: rootKeysInMemory(rootKey),
  clock: systemClock,
  logger: silentLogger,
});
encryption.start();
