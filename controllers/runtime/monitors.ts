import type { Client } from '#api/client/client';
import type { DiscoveredResource } from '#api/client/discovery';
import { runReflector } from '#api/client/reflector';
import type { Clock } from '#api/machinery/clock';
import type { Logger } from '#api/machinery/logger';
import type { KubeObject } from '#api/machinery/meta';

/** Who learns what the watches tell; of the metadata there is what `identityOf` leaves. */
export interface MonitorTarget {
  put(type: DiscoveredResource, object: KubeObject): void;
  /** The object was deleted. */
  remove(type: DiscoveredResource, uid: string): void;
  /** The resource is no longer watched: its objects are gone, or watched in another version. */
  forget(type: DiscoveredResource, uid: string): void;
}

/** One watch on the metadata of each resource; they come and go with the kinds. */
export interface Monitors {
  /** Starts what is new and stops what is no longer served. */
  follow(types: readonly DiscoveredResource[]): void;
  /** Every watch that runs has given its first list. */
  areSynced(): boolean;
  /** Resolves once `areSynced` holds. */
  synced(): Promise<void>;
  stop(): Promise<void>;
}

export interface MonitorsOptions {
  client: Pick<Client, 'list' | 'watch'>;
  target: MonitorTarget;
  clock: Clock;
  logger: Logger;
}

interface Monitor {
  stop: () => void;
  ended: Promise<void>;
  isSynced: boolean;
  synced: Promise<void>;
}

export function createMonitors(options: MonitorsOptions): Monitors {
  const monitors = new Map<string, Monitor>();
  const ending = new Set<Promise<void>>();

  function end(key: string, monitor: Monitor): void {
    monitors.delete(key);
    monitor.stop();
    ending.add(monitor.ended);
    void monitor.ended.finally(() => ending.delete(monitor.ended));
  }

  return {
    follow(types) {
      const wanted = new Map(types.map((type) => [keyOf(type), type]));
      for (const [key, monitor] of monitors) if (!wanted.has(key)) end(key, monitor);
      for (const [key, type] of wanted) {
        if (!monitors.has(key)) monitors.set(key, startMonitor(options, type));
      }
    },
    areSynced: () => [...monitors.values()].every(({ isSynced }) => isSynced),
    async synced() {
      await Promise.all([...monitors.values()].map(({ synced }) => synced));
    },
    async stop() {
      for (const [key, monitor] of monitors) end(key, monitor);
      await Promise.all(ending);
    },
  };
}

function keyOf({ group, version, plural }: DiscoveredResource): string {
  return `${group}/${version}/${plural}`;
}

function startMonitor(options: MonitorsOptions, type: DiscoveredResource): Monitor {
  const { client, target, clock, logger } = options;
  const abort = new AbortController();
  const synced = Promise.withResolvers<void>();
  const uids = new Set<string>();
  const put = (object: KubeObject): void => {
    if (abort.signal.aborted) return;
    uids.add(object.metadata.uid ?? '');
    target.put(type, object);
  };
  const remove = (uid: string): void => {
    uids.delete(uid);
    target.remove(type, uid);
  };
  const reflected = runReflector<KubeObject>({
    client,
    type,
    metadataOnly: true,
    transform: identityOf,
    signal: abort.signal,
    clock,
    logger,
    target: {
      replace(objects) {
        const there = new Set(objects.map(({ metadata }) => metadata.uid));
        for (const uid of uids) if (!there.has(uid)) remove(uid);
        for (const object of objects) put(object);
        monitor.isSynced = true;
        synced.resolve();
      },
      apply: (change, object) => (change === 'DELETED' ? remove(object.metadata.uid ?? '') : put(object)),
    },
  });
  const ended = reflected.then(() => {
    for (const uid of uids) target.forget(type, uid);
    synced.resolve();
  });
  const monitor: Monitor = { stop: () => abort.abort(), ended, isSynced: false, synced: synced.promise };
  return monitor;
}

/** Of everything that there is: neither labels, nor annotations, nor who wrote which field, which are most of the bytes. */
function identityOf({ apiVersion, kind, metadata }: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, ownerReferences, finalizers, deletionTimestamp } = metadata;
  return {
    ...{ apiVersion, kind },
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(ownerReferences === undefined ? {} : { ownerReferences }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    },
  };
}
