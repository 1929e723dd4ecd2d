import type { KubeObject, OwnerReference } from '#api/machinery/meta';
import type { Reconcile, ReconcileResult } from '../runtime/controller.ts';
import type { EventSink } from '../runtime/controller-context.ts';
import { blockingDependents, isSolid } from './graph.ts';
import { deleteLive, readLive, removeFinalizer, setOwners } from './live-object.ts';
import type { LiveClient } from './live-object.ts';
import { FOREGROUND_FINALIZER, ORPHAN_FINALIZER } from './node.ts';
import type { Node } from './node.ts';
import { classify } from './references.ts';
import type { Classified, ReferenceContext } from './references.ts';

export interface GarbageCollectorOptions extends Omit<ReferenceContext, 'client'> {
  recorder: EventSink;
  /** The graph shows all dependents there are. */
  isComplete(): boolean;
  /** Looks at other objects too. */
  enqueue(uid: string): void;
  /** Looks at the object again when kinds come. */
  waitForKinds(uid: string): void;
}

type Context = GarbageCollectorOptions & { client: LiveClient };

const UNTIL_COMPLETE = { requeueAfter: 500 };
const UNTIL_OBSERVED = { requeueAfter: 5000 };
/** Dependents that are let go of at a time. */
const BATCH = 20;

/**
 * Deletes objects whose owners are all gone, and does what a deletion waits for: foreground, orphan
 * (kube-controller-manager, pkg/controller/garbagecollector). Keys are uids.
 */
export function garbageCollector(given: GarbageCollectorOptions): Reconcile<LiveClient> {
  return async (uid, { client, logger }) => {
    const options: Context = { ...given, client };
    const node = options.graph.get(uid);
    switch (node?.deletion) {
      case 'other':
        return undefined;
      case 'foreground':
        return waitForDependents(options, node);
      case 'orphan':
        return orphanDependents(options, node);
      case undefined: {
        const done = node && (await collect(options, node));
        if (done?.deleted === true) logger.info('deleted an object whose owners are gone', shown(node));
        return done?.result;
      }
    }
  };
}

function shown(node: Node | undefined): Record<string, string | undefined> {
  return { kind: node?.type.kind, namespace: node?.namespace, name: node?.name };
}

async function waitForDependents(options: Context, owner: Node): Promise<ReconcileResult | undefined> {
  if (!options.isComplete()) return UNTIL_COMPLETE;
  const blocking = blockingDependents(options.graph, owner);
  if (blocking.length === 0) {
    await collectDependents(options, owner);
    await removeFinalizer(options.client, owner, FOREGROUND_FINALIZER);
  }
  for (const { uid, deletion } of blocking) if (deletion === undefined) options.enqueue(uid);
  return undefined;
}

/** Those that do not hold it up go, too: another finalizer may keep their owner for long. */
async function collectDependents(options: Context, owner: Node): Promise<void> {
  const dependents = options.graph.dependents(owner.uid).filter(({ deletion }) => deletion === undefined);
  for (let at = 0; at < dependents.length; at += BATCH) {
    const batch = dependents.slice(at, at + BATCH);
    const done = await Promise.all(batch.map((dependent) => collect(options, dependent)));
    for (const [index, { result }] of done.entries()) {
      const uid = batch[index]?.uid;
      if (result !== undefined && uid !== undefined) options.enqueue(uid);
    }
  }
}

async function orphanDependents(options: Context, owner: Node): Promise<ReconcileResult | undefined> {
  if (!options.isComplete()) return UNTIL_COMPLETE;
  const dependents = options.graph.dependents(owner.uid);
  for (let at = 0; at < dependents.length; at += BATCH) {
    const batch = dependents.slice(at, at + BATCH);
    await Promise.all(batch.map((dependent) => letGo(options.client, dependent, new Set([owner.uid]))));
  }
  await removeFinalizer(options.client, owner, ORPHAN_FINALIZER);
  return undefined;
}

async function letGo(client: LiveClient, node: Node, uids: ReadonlySet<string>): Promise<void> {
  const live = await readLive(client, node);
  const owners = live?.metadata.ownerReferences ?? [];
  const kept = owners.filter(({ uid }) => !uids.has(uid));
  if (live === undefined || kept.length === owners.length) return;
  await setOwners(client, node, { live, owners: kept });
}

interface Collected {
  deleted?: boolean;
  result?: ReconcileResult;
}

async function collect(options: Context, node: Node): Promise<Collected> {
  if (node.owners.every((reference) => isSolid(options.graph, reference, node))) return {};
  const live = await readLive(options.client, node);
  // What is gone or going already, the watch will tell of.
  if (live === undefined || live.metadata.deletionTimestamp !== undefined) return {};
  const references = live.metadata.ownerReferences ?? [];
  if (references.length === 0) return {};
  for (const reference of references) reportNamespace(options, { node, live, reference });
  const states = await classify(options, node, references);
  if (states.unknown.length > 0) options.waitForKinds(node.uid);
  else if (states.solid.length > 0) return keep(options, node, { live, states });
  else return remove(options, node, { live, states });
  return {};
}

/** References to owners that are gone or want to go would hold these up, or tell lies. */
async function keep(
  { client }: Context,
  node: Node,
  { live, states }: { live: KubeObject; states: Classified },
): Promise<Collected> {
  const useless = new Set([...states.dangling, ...states.waiting].map(({ uid }) => uid));
  if (useless.size > 0) {
    const owners = states.solid.filter(({ uid }) => !useless.has(uid));
    await setOwners(client, node, { live, owners });
  }
  return states.isUnobserved ? { result: UNTIL_OBSERVED } : {};
}

async function remove(
  { client, graph }: Context,
  node: Node,
  { live, states }: { live: KubeObject; states: Classified },
): Promise<Collected> {
  const dependents = graph.dependents(node.uid);
  if (states.waiting.length === 0 || dependents.length === 0) {
    await deleteLive(client, node, { live, policy: policyOf(live) });
    return { deleted: true };
  }
  // Two that wait for each other would wait for ever: this one blocks its owners no longer.
  const isCycle = dependents.some(({ deletion }) => deletion === 'foreground');
  const blocks = live.metadata.ownerReferences?.some((one) => one.blockOwnerDeletion === true) === true;
  if (isCycle && blocks) {
    const owners = (live.metadata.ownerReferences ?? []).map(unblocking);
    await setOwners(client, node, { live, owners });
    // Its resourceVersion is another one now; the deletion follows with the next look.
    return { result: { requeueAfter: 0 } };
  }
  await deleteLive(client, node, { live, policy: 'Foreground' });
  return { deleted: true };
}

function unblocking(reference: OwnerReference): OwnerReference {
  return { ...reference, blockOwnerDeletion: false };
}

/** An answer that is on the object already is honoured. */
function policyOf({ metadata }: KubeObject): 'Background' | 'Foreground' | 'Orphan' {
  const finalizers = metadata.finalizers ?? [];
  if (finalizers.includes(ORPHAN_FINALIZER)) return 'Orphan';
  return finalizers.includes(FOREGROUND_FINALIZER) ? 'Foreground' : 'Background';
}

/** The only sign people get of why an object vanished that names an owner of another namespace. */
function reportNamespace(
  { graph, recorder }: Context,
  { node, live, reference }: { node: Node; live: KubeObject; reference: OwnerReference },
): void {
  const owner = graph.get(reference.uid);
  if (owner?.namespace === undefined || owner.namespace === node.namespace) return;
  const { apiVersion, kind, name, uid } = reference;
  const where = `namespace: ${node.namespace ?? ''}, name: ${name}, uid: ${uid}`;
  recorder.event(live, {
    type: 'Warning',
    reason: 'OwnerRefInvalidNamespace',
    message: `ownerRef [${apiVersion}/${kind}, ${where}] does not exist in namespace "${node.namespace ?? ''}"`,
  });
}
