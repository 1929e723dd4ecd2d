import { objectKey } from '#api/machinery/meta';
import type { KubeObject } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import { createController } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { Informer } from '../runtime/informer.ts';
import type { Runnable } from '../runtime/manager.ts';
import type { Change } from '../runtime/object-cache.ts';
import { source } from '../runtime/source.ts';
import { collectorKey, controllerOwner } from './plan.ts';
import { garbageCollector } from './reconciler.ts';

const BY_OWNER = 'collector:owner';

/** Watches `types`, as dependents and as owners, and deletes what its controller owner has left behind. */
export function garbageCollectorController(
  { client, informers, clock, logger }: ControllerContext,
  types: readonly ResourceType[],
): Runnable {
  const byType = new Map(types.map((type) => [type, informers.of<KubeObject>(type)]));
  for (const informer of byType.values()) {
    informer.addIndex(BY_OWNER, (object) => {
      const owner = controllerOwner(object);
      return owner === undefined ? [] : [owner.uid];
    });
  }
  return createController({
    name: 'garbage-collector',
    reconcile: garbageCollector({ types, cached: (type, key) => byType.get(type)?.get(key), client }),
    sources: [...byType].map(([type, informer]) =>
      source(informer, (change) => [...newDependent(type, change), ...orphans(byType, change)]),
    ),
    clock,
    logger,
  });
}

/** An object may be created for, or given to, an owner that was deleted a moment before. */
function newDependent(type: ResourceType, { key, old, new: now }: Change<KubeObject>): string[] {
  const owner = now && controllerOwner(now);
  const isNew = now?.metadata.uid !== old?.metadata.uid || owner?.uid !== (old && controllerOwner(old))?.uid;
  return owner !== undefined && isNew ? [collectorKey(type, key)] : [];
}

/** What an object that went, or was made anew under its name, has left behind. */
function orphans(
  byType: ReadonlyMap<ResourceType, Informer<KubeObject>>,
  { old, new: now }: Change<KubeObject>,
): string[] {
  const uid = old?.metadata.uid;
  if (uid === undefined || uid === now?.metadata.uid) return [];
  return [...byType].flatMap(([type, informer]) =>
    informer.byIndex(BY_OWNER, uid).map((object) => collectorKey(type, objectKey(object.metadata))),
  );
}
