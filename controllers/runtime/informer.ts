import type { Client } from '#api/client/client';
import { runReflector } from '#api/client/reflector';
import type { Clock } from '#api/machinery/clock';
import { describeError, silentLogger } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import { objectKey } from '#api/machinery/meta';
import type { KubeObject } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import { createObjectCache } from './object-cache.ts';
import type { Change, IndexFunction } from './object-cache.ts';

/**
 * A copy of all objects of one resource, kept true by a reflector, and word of each change.
 * Objects are shared and frozen: copy before changing. The copy may lag behind the server by a moment.
 */
export interface Informer<T extends KubeObject> {
  readonly type: ResourceType<T>;
  /** By `namespace/name`, or `name` for cluster-scoped resources. */
  get(key: string): T | undefined;
  /** In no particular order. */
  list(namespace?: string): readonly T[];
  /** Adding a name again replaces its function. */
  addIndex(name: string, of: IndexFunction<T>): void;
  byIndex(name: string, value: string): readonly T[];
  /** Whether byIndex would give any object, at a cost that does not depend on how many. */
  isIndexed(name: string, value: string): boolean;
  /**
   * Called for every change from now on, and once for each object that is known already.
   * @returns how to end that
   */
  onChange(handler: (change: Change<T>) => void): () => void;
  /** Resolves when the first list is in. */
  synced(): Promise<void>;
  /** Works until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

export interface InformerOptions<T extends KubeObject> {
  client: Pick<Client, 'list' | 'watch'>;
  type: ResourceType<T>;
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  /** Objects come without spec and status, for kinds whose content is large and not looked at. */
  metadataOnly?: boolean;
  /** The part of an object that the cache keeps beside its metadata; everything when absent. Same object, same result. */
  transform?: Transform<T>;
  clock?: Clock;
  logger?: Logger;
}

/** The part of an object that a cache keeps (client-go's cache.TransformFunc). */
export type Transform<T extends KubeObject> = (object: T) => T;

export function createInformer<T extends KubeObject>(options: InformerOptions<T>): Informer<T> {
  const { type, transform = unchanged } = options;
  const logger = options.logger ?? silentLogger;
  const cache = createObjectCache<T>();
  const handlers = new Set<(change: Change<T>) => void>();
  const synced = Promise.withResolvers<void>();

  const tell = (handler: (change: Change<T>) => void, change: Change<T>): void => {
    try {
      handler(change);
    } catch (error) {
      // One bad handler must not cost the others their events, nor the reflector its life.
      logger.error('change handler failed', {
        resource: type.plural,
        key: change.key,
        cause: describeError(error),
      });
    }
  };
  const publish = (changes: readonly (Change<T> | undefined)[]): void => {
    for (const change of changes) {
      if (change !== undefined) for (const handler of handlers) tell(handler, change);
    }
  };

  return {
    type,
    get: (key) => cache.get(key),
    list: (namespace) =>
      namespace === undefined
        ? cache.all()
        : cache.all().filter((object) => object.metadata.namespace === namespace),
    addIndex: (name, of) => cache.addIndex(name, guarded(of, logger)),
    byIndex: (name, value) => cache.byIndex(name, value),
    isIndexed: (name, value) => cache.isIndexed(name, value),
    onChange(handler) {
      handlers.add(handler);
      for (const object of cache.all()) tell(handler, { key: objectKey(object.metadata), new: object });
      return () => void handlers.delete(handler);
    },
    synced: () => synced.promise,
    run: (signal) =>
      runReflector({
        ...options,
        signal,
        logger,
        target: {
          replace(objects) {
            publish(cache.replace(objects));
            synced.resolve();
          },
          apply: (change, object) =>
            publish([change === 'DELETED' ? cache.remove(object) : cache.put(object)]),
        },
        transform: (object) => transform(withoutManagers(object)),
      }),
  };
}

const unchanged = <T>(object: T): T => object;

/**
 * Half of a finished Task is who wrote which field, and no controller looks at it. An update without managedFields keeps
 * those that are stored (fieldmanager.go of apimachinery; client-go's cache.TransformStripManagedFields does the same).
 */
function withoutManagers<T extends KubeObject>(object: T): T {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** An index function that fails on one odd object indexes it nowhere instead of stopping the cache. */
function guarded<T extends KubeObject>(of: IndexFunction<T>, logger: Logger): IndexFunction<T> {
  return (object) => {
    try {
      return of(object);
    } catch (error) {
      logger.error('index function failed', { name: object.metadata.name, cause: describeError(error) });
      return [];
    }
  };
}
