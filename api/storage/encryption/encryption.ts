import type { Clock } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { Driver } from '../driver/driver.ts';
import type { EncryptionAdministration, EncryptionStatus } from '../contract/administration.ts';
import { encryptedRetention } from './encrypted-retention.ts';
import { encryptedRevisions } from './encrypted-revisions.ts';
import { encryptedTasks } from './encrypted-tasks.ts';
import { KeyRing } from './key-ring.ts';
import { Rewriter } from './rewriter.ts';
import type { RootKeySource } from './root-keys.ts';
import { TextCipher } from './text-cipher.ts';
import { scanTexts, TABLES } from './text-scan.ts';

export interface EncryptionSettings {
  /** Kinds whose objects are encrypted, as `plural.group`. */
  resources: ReadonlySet<string>;
  rootKeys: RootKeySource;
}

/** Encryption at rest (docs/adr/0015-encryption-at-rest.md): a driver that encrypts, and what operators do with its keys. */
export interface Encryption extends EncryptionAdministration {
  /** The driver over which the store is to be opened; closing it ends all work. */
  readonly driver: Driver;
  /** Begins to encrypt what was left as it is before. */
  start(): void;
}

export interface EncryptionOptions extends EncryptionSettings {
  driver: Driver;
  clock: Clock;
  logger: Logger;
}

/** @throws StorageError Undecryptable where the root keys are missing or wrong */
export async function openEncryption(options: EncryptionOptions): Promise<Encryption> {
  const { driver, resources, rootKeys, clock, logger } = options;
  const tables = driver.encryption;
  const onRotated = (): void => rewriter.startLater();
  const ring = new KeyRing({ tables, rootKeys, needed: resources.size > 0, onRotated, clock, logger });
  const cipher = new TextCipher(ring);
  const rewriter = new Rewriter({ tables, ring, cipher, resources, clock, logger });
  await ring.open();
  return {
    driver: {
      revisions: encryptedRevisions({ tables: driver.revisions, cipher, resources }),
      tasks: encryptedTasks({ tables: driver.tasks, cipher, resources }),
      encryption: tables,
      history: driver.history,
      retention: encryptedRetention({ tables: driver.retention, cipher }),
      shared: driver.shared,
      ...(driver.pool === undefined ? {} : { pool: driver.pool }),
      check: () => driver.check(),
      dump: (signal) => driver.dump(signal),
      async close() {
        await rewriter.close();
        await driver.close();
      },
    },
    start: () => rewriter.start(),
    async rotate({ newRoot }) {
      const { id, rootKeyId } = await ring.rotate({ newRoot });
      logger.info('rotated the encryption keys', { dataKey: id, rootKey: rootKeyId });
      rewriter.start();
      return { dataKey: id, rootKey: rootKeyId };
    },
    async status() {
      const running = rewriter.progress;
      return { ...(await statusOf(options, ring)), rewriting: running };
    },
  };
}

async function statusOf(
  { driver: { encryption: tables }, resources, rootKeys }: EncryptionOptions,
  ring: KeyRing,
): Promise<Omit<EncryptionStatus, 'rewriting'>> {
  const rows = new Map<string, number>();
  let plainRows = 0;
  for (const table of TABLES) {
    for await (const texts of scanTexts(tables, { table, resources })) {
      for (const { keyId } of texts) {
        if (keyId === undefined) plainRows++;
        else rows.set(keyId, (rows.get(keyId) ?? 0) + 1);
      }
    }
  }
  const { keys } = await tables.keys();
  const roots = keys.length === 0 ? [] : await ring.rootKeys();
  return {
    resources: [...resources].sort(),
    rootKeySource: rootKeys.name,
    rootKeys: roots.map(({ id }) => ({
      id,
      dataKeys: keys.filter(({ rootKeyId }) => rootKeyId === id).length,
    })),
    dataKeys: keys
      .map(({ id, rootKeyId, createdAt }) => ({ id, rootKeyId, createdAt, rows: rows.get(id) ?? 0 }))
      .sort((a, b) => b.createdAt - a.createdAt),
    plainRows,
  };
}
