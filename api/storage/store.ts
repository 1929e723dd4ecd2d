import type { Clock } from '../machinery/clock.ts';
import { describeError } from '../machinery/logger.ts';
import type { Logger } from '../machinery/logger.ts';
import { silentMeter } from '../machinery/meter.ts';
import type { Meter } from '../machinery/meter.ts';
import { silentTracer } from '../machinery/tracing/tracer.ts';
import type { Tracer } from '../machinery/tracing/tracer.ts';
import { newHeader } from './backup/backup-format.ts';
import { writeBackup } from './backup/write-backup.ts';
import { Committer } from './commits/committer.ts';
import { Follower } from './commits/follower.ts';
import { Poller } from './commits/poller.ts';
import { noWakeUp } from './commits/wake-up.ts';
import type { WakeUp } from './commits/wake-up.ts';
import { compactedError } from './compaction/compacted-error.ts';
import { Compactor } from './compaction/compactor.ts';
import type { EncryptionAdministration, StoreHealth } from './contract/administration.ts';
import type {
  ListQuery,
  ListResult,
  Mutation,
  StorageKey,
  StoredObject,
  WatchQuery,
  WatchStream,
} from './contract/objects.ts';
import type { Retention } from './contract/retention.ts';
import { StorageError } from './contract/storage-error.ts';
import type { Store } from './contract/store.ts';
import type { TaskLog } from './contract/task-log.ts';
import type { Driver } from './driver/driver.ts';
import { Freshness } from './memory/freshness.ts';
import { Memory } from './memory/memory.ts';
import type { Page } from './memory/ordered-objects.ts';
import { PastSnapshots } from './memory/past-snapshots.ts';
import { pageOf } from './memory/sorted-objects.ts';
import { newestSchema } from './migration-journal.ts';
import type { StoreOptions } from './store-options.ts';
import { storeFigures } from './store-figures.ts';
import type { StoreFigures } from './store-figures.ts';
import { StoredTaskLog } from './task-log/task-log.ts';
import { watchFrom } from './watching/watch.ts';

export interface DriverStoreOptions {
  driver: Driver;
  /** That of the texts in the driver's tables. */
  encryption: EncryptionAdministration;
  wakeUp: WakeUp;
  logger: Logger;
  clock: Clock;
  meter?: Meter;
  tracer?: Tracer;
  options: StoreOptions;
}

/** Loads the current objects into memory and serves them. The store owns the driver and the wake-up from here on. */
export async function loadStore(parts: DriverStoreOptions): Promise<Store> {
  const snapshot = await parts.driver.revisions.snapshot();
  const { ringCapacity, ringBytes } = parts.options;
  const memory = new Memory({ snapshot, ring: { events: ringCapacity, bytes: ringBytes } });
  return new DriverStore(parts, memory);
}

class DriverStore implements Store {
  readonly log: TaskLog;
  readonly encryption: EncryptionAdministration;
  readonly #parts: DriverStoreOptions;
  readonly #memory: Memory;
  readonly #follower: Follower;
  readonly #freshness: Freshness;
  readonly #committer: Committer;
  readonly #compactor: Compactor;
  readonly #past: PastSnapshots;
  readonly #taskLog: StoredTaskLog;
  readonly #poller: Poller | undefined;
  readonly #figures: StoreFigures;
  readonly #stopped = Promise.withResolvers<StorageError>();
  #closing: Promise<void> | undefined;
  #failure: StorageError | undefined;

  constructor(parts: DriverStoreOptions, memory: Memory) {
    const { driver, wakeUp, clock, logger, options } = parts;
    const figures = storeFigures(parts.meter ?? silentMeter, driver);
    this.#figures = figures;
    const { maxItems, maxBytes, maxWaiting, maxWaitingBytes } = options;
    this.#parts = parts;
    this.encryption = parts.encryption;
    this.#memory = memory;
    const onGap = (error: unknown): void => this.#stop(error);
    const follower = new Follower({
      memory,
      log: driver.revisions,
      logger,
      onLost: () => this.#taskLog.restart(),
      onGap,
    });
    this.#follower = follower;
    this.#freshness = new Freshness({
      memory,
      follower,
      clock,
      shared: driver.shared,
      readRevision: () => figures.measured('read_revision', () => driver.revisions.revision()),
      waitMs: options.waitMs,
    });
    this.#committer = new Committer({
      memory,
      follower,
      tables: { commit: (batch) => figures.measured('commit', () => driver.revisions.commit(batch)) },
      onCommitted: (writes) => this.#committed(writes),
      maxItems,
      maxBytes,
      maxWaiting,
      maxWaitingBytes,
    });
    this.#compactor = new Compactor({
      memory,
      tables: driver.history,
      clock,
      logger,
      rules: options.compaction,
    });
    this.#past = new PastSnapshots({
      memory,
      log: driver.revisions,
      limits: { count: options.pastSnapshots, bytes: options.pastSnapshotBytes },
    });
    this.#taskLog = taskLogOf(parts);
    this.log = this.#taskLog;
    this.#poller = driver.shared
      ? new Poller({
          follower,
          wakeUp,
          clock,
          logger,
          everyMs: options.pollMs,
          hintedMs: options.hintedPollMs,
        })
      : undefined;
  }

  #committed(writes: number): void {
    this.#figures.committed(writes);
    this.#parts.wakeUp.publish('revision');
  }

  get retention(): Retention {
    this.#assertOpen();
    return this.#parts.driver.retention;
  }

  get stopped(): Promise<StorageError> {
    return this.#stopped.promise;
  }

  async get(key: StorageKey): Promise<StoredObject | undefined> {
    this.#assertOpen();
    await this.#freshness.newest();
    return this.#memory.get(key);
  }

  async list(query: ListQuery): Promise<ListResult> {
    this.#assertOpen();
    const { minRevision, exactRevision } = query;
    if (exactRevision !== undefined) return this.#listAt(query, exactRevision);
    if (minRevision === undefined) await this.#freshness.newest();
    else await this.#freshness.reached(minRevision);
    return listResult(this.#memory.revision, this.#memory.list(query));
  }

  async #listAt(query: ListQuery, revision: number): Promise<ListResult> {
    const { resource, namespace, name, limit, after } = query;
    const { compacted } = this.#memory;
    if (revision < compacted) throw compactedError(revision, compacted);
    await this.#freshness.reached(revision);
    const where = { resource, ...(namespace === undefined ? {} : { namespace }) };
    const items = await this.#past.at(where, revision);
    if (name !== undefined) return { revision, items: items.filter((item) => item.key.name === name) };
    if (limit === undefined) return { revision, items };
    return listResult(revision, pageOf(items, { after, limit }));
  }

  async commit(mutation: Mutation): Promise<StoredObject> {
    this.#assertOpen();
    if (mutation.op !== 'create' && !this.#memory.at(mutation.key, mutation.expectedRevision)) {
      // Perhaps what another replica wrote: memory refuses what it does not know, so it has to know the newest.
      await this.#freshness.newest();
    }
    const { tracer = silentTracer, driver } = this.#parts;
    if (tracer.active() === undefined) return this.#committer.commit(mutation);
    const attributes = {
      'db.system.name': driver.shared ? 'mysql' : 'sqlite',
      'db.operation.name': mutation.op,
      'db.collection.name': mutation.key.resource,
    };
    return tracer.span('commit', { kind: 'client', attributes }, () => this.#committer.commit(mutation));
  }

  watch(query: WatchQuery): WatchStream {
    const { watchBuffer, watchBytes } = this.#parts.options;
    return watchFrom(query, {
      memory: this.#memory,
      log: this.#parts.driver.revisions,
      buffer: { events: watchBuffer, bytes: watchBytes },
      assertOpen: () => this.#assertOpen(),
    });
  }

  delivered(resource: string): number {
    this.#assertOpen();
    return this.#memory.delivered(resource);
  }

  compact(): Promise<number> {
    this.#assertOpen();
    return this.#compactor.compact();
  }

  async *backup(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    this.#assertOpen();
    const { driver, clock } = this.#parts;
    await using dump = await driver.dump(signal);
    const { revision, keyGeneration } = dump;
    const time = new Date(clock.now()).toISOString();
    yield* writeBackup(dump, newHeader({ schema: newestSchema(), revision, keyGeneration, time }));
  }

  async check(): Promise<void> {
    this.#assertOpen();
    await this.#figures.measured('check', () => this.#parts.driver.check());
  }

  health(): StoreHealth {
    const { wakeUp } = this.#parts;
    const database = this.#failure ?? this.#poller?.failure;
    return { database, hints: wakeUp === noWakeUp ? 'unused' : wakeUp.listening ? 'ok' : 'away' };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#poller?.close();
    this.#memory.endWatches();
    await this.#compactor.close();
    await this.#committer.close();
    await this.#taskLog.close();
    await this.#follower.idle();
    await this.#parts.wakeUp.close();
    await this.#parts.driver.close();
  }

  /** An event was about to be lost: serving on would hide it. */
  #stop(error: unknown): void {
    if (this.#failure !== undefined) return;
    const why = 'the store stopped: the log of the database has a gap; start again';
    this.#failure = new StorageError('Closed', why, { cause: error });
    this.#parts.logger.error(why, {
      error: describeError(error),
      revision: this.#memory.revision,
    });
    this.#poller?.close();
    this.#memory.endWatches(this.#failure);
    this.#stopped.resolve(this.#failure);
  }

  #assertOpen(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closing !== undefined) throw new StorageError('Closed', 'the store is closed');
  }
}

function taskLogOf({ driver, wakeUp, clock, meter, options }: DriverStoreOptions): StoredTaskLog {
  const { maxItems, maxBytes, maxWaiting, maxWaitingBytes } = options;
  const polling = { everyMs: options.taskPollMs, hintedMs: options.hintedTaskPollMs };
  return new StoredTaskLog({
    tables: driver.tasks,
    wakeUp,
    clock,
    ...(meter === undefined ? {} : { meter }),
    polling: driver.shared ? polling : undefined,
    ring: { events: options.taskRingEvents, bytes: options.taskRingBytes },
    maxItems,
    maxBytes,
    maxWaiting,
    maxWaitingBytes,
  });
}

const listResult = (revision: number, { items, remaining }: Page): ListResult => ({
  revision,
  items,
  ...(remaining === 0 ? {} : { remaining }),
});
