import { isDeepStrictEqual } from 'node:util';
import type { OwnerReference } from '#api/machinery/meta';
import { isOwnerOf } from './node.ts';
import type { Node } from './node.ts';

/**
 * Who owns whom, among all objects that are watched. Changes say which objects may need work; whether they do is
 * for the reconciler to find out.
 */
export interface Graph {
  get(uid: string): Node | undefined;
  /** Objects with a reference to this uid, right or wrong. */
  dependents(uid: string): readonly Node[];
  /** Uids of those that may need work now. */
  put(node: Node): Set<string>;
  /** As `put`. */
  remove(uid: string): Set<string>;
  /** Uids of all. */
  uids(): Iterable<string>;
}

export function createGraph(): Graph {
  const nodes = new Map<string, Node>();
  const dependents = new Map<string, Set<string>>();

  function link(node: Node, owners: readonly OwnerReference[]): void {
    for (const { uid } of owners) {
      const set = dependents.get(uid) ?? new Set();
      dependents.set(uid, set.add(node.uid));
    }
  }
  function unlink(node: Node): void {
    for (const { uid } of node.owners) {
      const set = dependents.get(uid);
      set?.delete(node.uid);
      if (set?.size === 0) dependents.delete(uid);
    }
  }

  return {
    get: (uid) => nodes.get(uid),
    dependents: (uid) => [...(dependents.get(uid) ?? [])].flatMap((dependent) => nodes.get(dependent) ?? []),
    put(node) {
      const old = nodes.get(node.uid);
      if (old !== undefined) unlink(old);
      nodes.set(node.uid, node);
      link(node, node.owners);
      return affected({ old, node }, dependents.get(node.uid) ?? []);
    },
    remove(uid) {
      const node = nodes.get(uid);
      if (node === undefined) return new Set();
      unlink(node);
      nodes.delete(uid);
      // Owners that wait for it, and dependents that have lost it.
      return new Set([...node.owners.map((owner) => owner.uid), ...(dependents.get(uid) ?? [])]);
    },
    uids: () => nodes.keys(),
  };
}

/** Those whose state may follow from the change: itself, its dependents, and owners that waited for it. */
function affected(
  { old, node }: { old: Node | undefined; node: Node },
  dependents: Iterable<string>,
): Set<string> {
  const uids = new Set<string>();
  const ownersChanged = old === undefined || !isDeepStrictEqual(old.owners, node.owners);
  if ((ownersChanged && node.owners.length > 0) || node.deletion !== undefined) uids.add(node.uid);
  if (ownersChanged) for (const { uid } of old?.owners ?? []) uids.add(uid);
  // Those of an owner that begins to wait for them must go, or be let go of.
  if (old?.deletion !== node.deletion) for (const uid of dependents) uids.add(uid);
  return uids;
}

/** True when the graph itself shows that the reference holds its dependent: nobody has to be asked. */
export function isSolid(graph: Graph, reference: OwnerReference, dependent: Node): boolean {
  const owner = graph.get(reference.uid);
  return owner !== undefined && isOwnerOf(owner, reference, dependent) && owner.deletion !== 'foreground';
}

/** Dependents that keep an owner which is being deleted in the foreground. */
export function blockingDependents(graph: Graph, owner: Node): Node[] {
  return graph
    .dependents(owner.uid)
    .filter(({ owners }) => owners.some((one) => one.uid === owner.uid && one.blockOwnerDeletion === true));
}
