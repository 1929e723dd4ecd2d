import { systemClock } from '../machinery/clock.ts';
import type { Clock } from '../machinery/clock.ts';
import type { Logger } from '../machinery/logger.ts';
import { silentMeter } from '../machinery/meter.ts';
import type { Meter } from '../machinery/meter.ts';
import { silentTracer } from '../machinery/tracing/tracer.ts';
import type { Tracer } from '../machinery/tracing/tracer.ts';
import type { CompactionRules } from './compaction/compaction-goal.ts';
import { StorageError } from './contract/storage-error.ts';
import type { WakeUp } from './commits/wake-up.ts';
import type { Store } from './contract/store.ts';
import type { Driver } from './driver/driver.ts';
import { openEncryption } from './encryption/encryption.ts';
import type { EncryptionSettings } from './encryption/encryption.ts';
import type { MysqlLimits } from './mysql/connections.ts';
import { loadStore } from './store.ts';
import { DEFAULT_STORE_OPTIONS } from './store-options.ts';
import type { StoreOptions } from './store-options.ts';
import { noWakeUp } from './commits/wake-up.ts';
import { connectRedis } from './commits/wake-up-redis.ts';

export interface OpenStoreOptions {
  /** `sqlite:PATH` or `mysql://user:password@host:port/database`. It may hold a password: never logged. */
  url: string;
  /** To MySQL, at most; default 20. */
  connections?: number;
  /** Of what MySQL is waited for. */
  mysql?: Omit<MysqlLimits, 'connections'>;
  /** `redis://…`; only with MySQL, and only to hear sooner of other replicas. */
  redisURL?: string;
  /** Absent: nothing is encrypted, and a database in which something is gets refused. */
  encryption?: EncryptionSettings;
  logger: Logger;
  clock?: Clock;
  meter?: Meter;
  tracer?: Tracer;
  options?: Partial<Omit<StoreOptions, 'compaction'>> & { compaction?: Partial<CompactionRules> };
}

/**
 * Opens a store, making or migrating its tables. Throws StorageError Unavailable when the database cannot be
 * reached, is served by another process (SQLite) or was written by a newer version, Undecryptable when the root keys
 * are not those of the database.
 */
export async function openStore(given: OpenStoreOptions): Promise<Store> {
  const clock = given.clock ?? systemClock;
  const logger = given.logger.with({ component: 'storage' });
  const { meter = silentMeter, tracer = silentTracer } = given;
  let driver = await openDriver(given);
  let wakeUp: WakeUp | undefined;
  try {
    const settings = given.encryption ?? NO_ENCRYPTION;
    const encryption = await openEncryption({ ...settings, driver, clock, logger });
    driver = encryption.driver;
    const hints = driver.shared && given.redisURL !== undefined;
    wakeUp = hints ? connectRedis({ url: given.redisURL ?? '', logger, meter }) : noWakeUp;
    const compaction = { ...DEFAULT_STORE_OPTIONS.compaction, ...given.options?.compaction };
    const options = { ...DEFAULT_STORE_OPTIONS, ...given.options, compaction };
    const store = await loadStore({ driver, encryption, wakeUp, logger, clock, options, meter, tracer });
    encryption.start();
    return store;
  } catch (error) {
    await wakeUp?.close();
    await driver.close();
    throw error;
  }
}

const NO_ENCRYPTION: EncryptionSettings = {
  resources: new Set(),
  rootKeys: {
    name: 'of root keys (none was given)',
    read: () => Promise.resolve(undefined),
    supersede: () => Promise.reject(new StorageError('Undecryptable', 'no file of root keys was given')),
  },
};

/** Only the driver in use is loaded: each brings a part of Drizzle and a client, some 50 MB together. */
async function openDriver({ url, connections, mysql }: OpenStoreOptions): Promise<Driver> {
  // Without a path SQLite would make a file that it removes at the end.
  if (url.startsWith('sqlite:') && url !== 'sqlite:') {
    const { openSqlite } = await import('./sqlite/open-sqlite.ts');
    return openSqlite(url.slice('sqlite:'.length));
  }
  if (url.startsWith('mysql://')) {
    const { openMysql } = await import('./mysql/open-mysql.ts');
    return openMysql(url, { ...mysql, ...(connections !== undefined && { connections }) });
  }
  throw new StorageError('Unavailable', 'the database URL must be sqlite:PATH or begin with mysql://');
}
