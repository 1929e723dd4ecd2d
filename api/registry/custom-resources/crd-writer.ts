import { formatTime } from '../../machinery/clock.ts';
import type { Clock } from '../../machinery/clock.ts';
import { describeError } from '../../machinery/logger.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { deepEqual } from '../../machinery/json/deep-equal.ts';
import { StorageError } from '../../storage/contract/storage-error.ts';
import type { ObjectStore, StoredObject } from '../../storage/contract/objects.ts';
import type { Registry } from '../registry.ts';
import type { Resource } from '../resource.ts';
import type { NamesOutcome } from './accepted-names.ts';
import { CLEANUP_FINALIZER, conditionsOf } from './crd-object.ts';
import type { CrdCondition, CrdObject } from './crd-object.ts';
import { fieldsOf } from '../../machinery/json/json.ts';
import { withCondition, withStatus } from './crd-status.ts';
import { deleteInstances } from './instance-cleanup.ts';

const RETRY_MS = 1_000;

export interface CrdWriterOptions {
  registry: Registry;
  store: ObjectStore;
  clock: Clock;
  logger: Logger;
  /** The newest that is known. */
  find(name: string): CrdObject | undefined;
  outcomeOf(name: string): NamesOutcome | undefined;
  versionsOf(name: string): readonly Resource[];
}

/** Brings the status of CustomResourceDefinitions to what it should be, one after the other, until it is. */
export class CrdWriter {
  readonly #options: CrdWriterOptions;
  readonly #due = new Set<string>();
  /** The names with which a state of an object needed no change. */
  readonly #settled = new WeakMap<StoredObject, NamesOutcome>();
  readonly #retries = new Map<string, () => void>();
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(options: CrdWriterOptions) {
    this.#options = options;
  }

  /** To be called whenever something changed. */
  look(crds: Iterable<CrdObject>): void {
    for (const crd of crds) if (this.#isDue(crd)) this.#due.add(crd.name);
    if (this.#due.size > 0 && !this.#stopped) this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const cancel of this.#retries.values()) cancel();
    await this.#running;
  }

  #isDue(crd: CrdObject): boolean {
    if (crd.isTerminating) return needsCleanup(crd) && !this.#retries.has(crd.name);
    return this.#changed(crd) !== undefined;
  }

  /** The object as it should be; undefined when it is. Known from the last time as long as nothing changed. */
  #changed(crd: CrdObject): Unstructured | undefined {
    const outcome = this.#options.outcomeOf(crd.name);
    if (outcome === undefined) return undefined;
    if (deepEqual(this.#settled.get(crd.stored), outcome)) return undefined;
    const next = withStatus(crd, outcome, this.#now());
    if (!deepEqual(next, crd.stored.object)) return next;
    this.#settled.set(crd.stored, outcome);
    return undefined;
  }

  async #run(): Promise<void> {
    for (const name of this.#due) {
      this.#due.delete(name);
      if (this.#stopped) break;
      try {
        await this.#settle(name);
      } catch (error) {
        const text = 'the status of a CustomResourceDefinition was not written';
        this.#options.logger.warn(text, { name, error: describeError(error) });
        this.#later(name);
      }
    }
    this.#running = undefined;
  }

  async #settle(name: string): Promise<void> {
    const crd = this.#options.find(name);
    if (crd === undefined) return;
    if (crd.isTerminating) {
      if (needsCleanup(crd)) await this.#cleanUp(crd);
      return;
    }
    const next = this.#changed(crd);
    if (next !== undefined) await this.#write(crd, next);
  }

  /** Marks it, deletes all instances, and lets it go once none is left (crd_finalizer.go). */
  async #cleanUp(crd: CrdObject): Promise<void> {
    const { registry } = this.#options;
    const marked = this.#terminating(crd, IN_PROGRESS);
    if (!deepEqual(marked, crd.stored.object)) {
      // The next event of the object brings us back.
      await this.#write(crd, marked);
      return;
    }
    const versions = this.#options.versionsOf(crd.name);
    const resource = versions.find((one) => one.storage) ?? versions[0];
    const left = resource === undefined ? 0 : await deleteInstances(registry, resource);
    if (left > 0) {
      this.#later(crd.name);
      return;
    }
    const finalizers = (crd.stored.object.metadata.finalizers ?? []).filter(
      (one) => one !== CLEANUP_FINALIZER,
    );
    const done = this.#terminating(crd, resource === undefined ? NEVER_ESTABLISHED : COMPLETED);
    await this.#write(crd, { ...done, metadata: { ...done.metadata, finalizers } });
  }

  #terminating({ stored: { object } }: CrdObject, condition: Omit<CrdCondition, 'type'>): Unstructured {
    const conditions = withCondition(
      conditionsOf(object),
      { type: 'Terminating', ...condition },
      this.#now(),
    );
    return { ...object, status: { ...fieldsOf(object['status']), conditions } };
  }

  /** Who was changed meanwhile comes again with the event of that change. */
  async #write(
    { stored: { key, revision: expectedRevision } }: CrdObject,
    next: Unstructured,
  ): Promise<void> {
    const isOver = next.metadata.deletionTimestamp !== undefined && next.metadata.finalizers?.length === 0;
    try {
      await this.#options.store.commit(
        isOver
          ? { op: 'delete', key, expectedRevision }
          : { op: 'update', key, expectedRevision, object: next },
      );
    } catch (error) {
      const lost = error instanceof StorageError && (error.code === 'Conflict' || error.code === 'NotFound');
      if (!lost) throw error;
    }
  }

  #later(name: string): void {
    if (this.#stopped) return;
    const cancel = this.#options.clock.after(RETRY_MS, () => {
      this.#retries.delete(name);
      const crd = this.#options.find(name);
      if (crd !== undefined) this.look([crd]);
    });
    this.#retries.set(name, cancel);
  }

  #now(): string {
    return formatTime(this.#options.clock.now());
  }
}

function needsCleanup({ isTerminating, stored }: CrdObject): boolean {
  return isTerminating && (stored.object.metadata.finalizers ?? []).includes(CLEANUP_FINALIZER);
}

const IN_PROGRESS = {
  status: 'True',
  reason: 'InstanceDeletionInProgress',
  message: 'CustomResource deletion is in progress',
} as const;

const COMPLETED = {
  status: 'False',
  reason: 'InstanceDeletionCompleted',
  message: 'removed all instances',
} as const;

const NEVER_ESTABLISHED = {
  status: 'False',
  reason: 'NeverEstablished',
  message: 'resource was never established',
} as const;
