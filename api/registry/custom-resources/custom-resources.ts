import type { Clock } from '../../machinery/clock.ts';
import { describeError } from '../../machinery/logger.ts';
import type { Logger } from '../../machinery/logger.ts';
import { StorageError } from '../../storage/contract/storage-error.ts';
import type { ListResult, ObjectStore, StoreEvent, StoredObject } from '../../storage/contract/objects.ts';
import type { MutableCatalog } from '../catalog.ts';
import type { Registry } from '../registry.ts';
import { translated } from '../storage-failure.ts';
import { acceptNames } from './accepted-names.ts';
import type { NamesOutcome } from './accepted-names.ts';
import { CRD_RESOURCE, crdObject } from './crd-object.ts';
import type { CrdObject } from './crd-object.ts';
import { CrdWriter } from './crd-writer.ts';
import { mirrorOwnKinds } from './mirror-own-kinds.ts';
import { isOwnKind } from './own-kinds.ts';
import { ServedDefinitions } from './served-definitions.ts';

export interface CustomResourcesOptions {
  /** Of the same catalog. */
  registry: Registry;
  /** What it holds at the start is served for good. */
  catalog: MutableCatalog;
  store: ObjectStore;
  clock: Clock;
  logger: Logger;
}

/**
 * Serves the kinds of CustomResourceDefinition objects. Follows the objects and changes the catalog in the same step;
 * what is to be written (names, conditions, deletion) follows behind, so that a client that reads Established finds
 * the kind. Any number of replicas may do all this side by side: each sees the same objects and comes to the same
 * result, and who writes second has nothing to write.
 */
export async function startCustomResources(
  options: CustomResourcesOptions,
): Promise<{ stop(): Promise<void> }> {
  const followed = new CustomResources(options);
  await followed.start();
  options.catalog.renewBy(() => followed.renew());
  return { stop: () => followed.stop() };
}

class CustomResources {
  readonly #options: CustomResourcesOptions;
  readonly #builtIn: MutableCatalog['current'];
  readonly #served: ServedDefinitions;
  readonly #writer: CrdWriter;
  readonly #end = new AbortController();
  #crds = new Map<string, CrdObject>();
  /** The revision that they are of. */
  #revision = 0;
  #outcomes = new Map<string, NamesOutcome>();
  #following: Promise<void> = Promise.resolve();

  constructor(options: CustomResourcesOptions) {
    const { catalog, logger } = options;
    const builtIn = catalog.current();
    this.#options = options;
    this.#builtIn = () => builtIn;
    this.#served = new ServedDefinitions((name, error) => {
      logger.warn('a CustomResourceDefinition cannot be served', { name, error: describeError(error) });
    });
    this.#writer = new CrdWriter({
      ...options,
      find: (name) => this.#crds.get(name),
      outcomeOf: (name) => this.#outcomes.get(name),
      versionsOf: (name) => this.#served.versionsOf(name),
    });
  }

  async start(): Promise<void> {
    const revision = await this.#list();
    await mirrorOwnKinds(this.#options);
    this.#following = this.#follow(revision);
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await this.#following;
    await this.#writer.stop();
  }

  /** The watch brings what other replicas write, a moment later; this waits for it no longer. */
  async renew(): Promise<void> {
    const { catalog, store } = this.#options;
    const resource = catalog.find({
      group: 'apiextensions.k8s.io',
      version: 'v1',
      plural: 'customresourcedefinitions',
    });
    if (resource === undefined) throw new Error('CustomResourceDefinition is not served');
    const list = await translated(store.list({ resource: CRD_RESOURCE }), { resource });
    const isKnown =
      list.items.length === this.#crds.size &&
      list.items.every(({ key, revision }) => this.#crds.get(key.name)?.stored.revision === revision);
    // Meanwhile the watch may have brought more than the list has.
    if (!isKnown && list.revision > this.#revision) this.#adopt(list);
  }

  async #list(): Promise<number> {
    const list = await this.#options.store.list({ resource: CRD_RESOURCE });
    this.#adopt(list);
    return list.revision;
  }

  #adopt({ items, revision }: ListResult): void {
    this.#crds = new Map(items.map((item) => [item.key.name, crdObject(item)]));
    this.#revision = revision;
    this.#refresh();
  }

  async #follow(from: number): Promise<void> {
    const { store, logger, clock } = this.#options;
    const { signal } = this.#end;
    for (let after = from; !signal.aborted;) {
      try {
        for await (const events of store.watch({ resource: CRD_RESOURCE, after, signal })) {
          this.#take(events);
          after = events.at(-1)?.revision ?? after;
        }
        return;
      } catch (error) {
        if (error instanceof StorageError && error.code === 'Closed') return;
        logger.warn('CustomResourceDefinitions are listed anew', { error: describeError(error) });
        after = (await this.#relist(clock)) ?? after;
      }
    }
  }

  /** Undefined when the database does not answer yet. */
  async #relist(clock: Clock): Promise<number | undefined> {
    try {
      return await this.#list();
    } catch {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      const cancel = clock.after(RETRY_MS, () => resolve(undefined));
      this.#end.signal.addEventListener('abort', () => resolve(undefined), { once: true });
      return promise.finally(cancel);
    }
  }

  #take(events: readonly StoreEvent[]): void {
    for (const { type, object, revision } of events) {
      // A list had it, and may have had what came after it.
      if (revision <= this.#revision) continue;
      this.#revision = revision;
      if (type === 'DELETED') this.#crds.delete(object.key.name);
      else this.#crds.set(object.key.name, crdObject(object satisfies StoredObject));
    }
    this.#refresh();
  }

  /** One change of the catalog for all that came at once. */
  #refresh(): void {
    const builtIn = this.#builtIn();
    const users = [...this.#crds.values()].filter((crd) => !isOwnKind(crd.name));
    this.#outcomes = acceptNames(users, builtIn);
    const wanted = users.flatMap((crd) => {
      const outcome = this.#outcomes.get(crd.name);
      const isServed = outcome !== undefined && (crd.isEstablished || outcome.conflict === undefined);
      return isServed ? [{ crd, names: outcome.accepted }] : [];
    });
    const resources = [...builtIn, ...this.#served.replace(wanted)];
    const { catalog } = this.#options;
    const before = catalog.current();
    const isSame = before.length === resources.length && before.every((one, i) => one === resources[i]);
    if (!isSame) catalog.replace(resources);
    for (const crd of this.#crds.values()) {
      if (isOwnKind(crd.name)) this.#outcomes.set(crd.name, { accepted: crd.requested });
    }
    this.#writer.look(this.#crds.values());
  }
}

const RETRY_MS = 1_000;
