import { sleep } from '#api/machinery/clock';
import { createController } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { Runnable } from '../runtime/manager.ts';
import { createAbsentOwners } from './absent-owners.ts';
import { createGraph } from './graph.ts';
import type { Graph } from './graph.ts';
import { createKindFollower } from './kind-follower.ts';
import { collectedTypes, typeOfOwner } from './kinds.ts';
import { createMonitors } from '../runtime/monitors.ts';
import type { MonitorTarget } from '../runtime/monitors.ts';
import { nodeOf } from './node.ts';
import { garbageCollector } from './reconciler.ts';

const NAME = 'garbage-collector';
/** One kind that cannot be listed must not hold up the others for ever. */
const LONGEST_SYNC_MS = 30_000;

/** Watches the metadata of everything, whatever kinds come, and deletes what its owners have left behind. */
export function garbageCollectorController(context: ControllerContext): Runnable {
  const { client, clock, logger, meter } = context;
  const graph = createGraph();
  const absent = createAbsentOwners();
  const waiting = new Set<string>();
  const queue = createOutlet();

  const kinds = createKindFollower({
    client,
    clock,
    logger,
    onChange(found) {
      monitors.follow(collectedTypes(found));
      for (const uid of waiting) queue.enqueue(uid);
      waiting.clear();
    },
  });
  const target = graphTarget({ graph, absent, enqueue: queue.enqueue, onKind: () => kinds.refreshSoon() });
  const monitors = createMonitors({ client, target, clock, logger });
  const controller = createController({
    name: NAME,
    client,
    reconcile: garbageCollector({
      graph,
      absent,
      recorder: context.recorder(NAME),
      typeOf: (reference) => typeOfOwner(kinds.current(), reference),
      isComplete: () => monitors.areSynced(),
      enqueue: queue.enqueue,
      waitForKinds: (uid) => void waiting.add(uid),
    }),
    // It works on objects of all kinds: a kind that fails would be told of at each of its objects.
    failures: undefined,
    sources: [{ start: (enqueue) => queue.open(enqueue, graph.uids()) }],
    workers: 20,
    clock,
    logger,
    meter,
  });
  return {
    name: controller.name,
    check: () => controller.check?.(),
    async run(signal) {
      const following = kinds.run(signal);
      try {
        const synced = kinds.known().then(() => monitors.synced());
        await Promise.race([synced, sleep(clock, LONGEST_SYNC_MS, signal).catch(() => undefined)]);
        await controller.run(signal);
      } finally {
        await following;
        await monitors.stop();
      }
    },
  };
}

interface Outlet {
  enqueue(uid: string): void;
  /** From now on keys go through; those of all that is known go first. */
  open(enqueue: (uid: string) => void, known: Iterable<string>): void;
}

/** Until the graph is filled nothing is decided: each first list would look like a world without owners. */
function createOutlet(): Outlet {
  let out: ((uid: string) => void) | undefined;
  return {
    enqueue: (uid) => out?.(uid),
    open(enqueue, known) {
      out = enqueue;
      for (const uid of known) enqueue(uid);
    },
  };
}

interface GraphTargetOptions {
  graph: Graph;
  absent: ReturnType<typeof createAbsentOwners>;
  enqueue(uid: string): void;
  /** A CustomResourceDefinition changed. */
  onKind(): void;
}

function graphTarget({ graph, absent, enqueue, onKind }: GraphTargetOptions): MonitorTarget {
  return {
    put(type, object) {
      if (type.plural === 'customresourcedefinitions') onKind();
      const node = nodeOf(type, object);
      if (node !== undefined) for (const uid of graph.put(node)) enqueue(uid);
    },
    remove(type, uid) {
      if (type.plural === 'customresourcedefinitions') onKind();
      const node = graph.get(uid);
      if (node === undefined) return;
      if (graph.dependents(uid).length > 0) {
        const { apiVersion, name, namespace = '' } = node;
        absent.add({ apiVersion, kind: type.kind, name, uid }, namespace);
      }
      for (const affected of graph.remove(uid)) enqueue(affected);
    },
    forget(type, uid) {
      if (graph.get(uid)?.type !== type) return;
      for (const affected of graph.remove(uid)) enqueue(affected);
    },
  };
}
