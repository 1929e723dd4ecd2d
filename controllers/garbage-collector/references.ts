import type { Client } from '#api/client/client';
import type { OwnerReference } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import type { AbsentOwners } from './absent-owners.ts';
import { isSolid } from './graph.ts';
import type { Graph } from './graph.ts';
import { deletionOf } from './node.ts';
import type { Node } from './node.ts';

/**
 * What becomes of a dependent by one of its references: `solid` holds it, `dangling` names an owner that does not
 * exist, `waiting` one that waits for its dependents to go. `unknown`: its kind is not served (yet).
 */
type ReferenceState = 'dangling' | 'solid' | 'unknown' | 'waiting';

export interface Classified extends Record<ReferenceState, readonly OwnerReference[]> {
  /** A solid owner that no watch has shown yet: nobody would tell of its deletion. */
  isUnobserved: boolean;
}

export interface ReferenceContext {
  graph: Graph;
  absent: AbsentOwners;
  client: Pick<Client, 'find'>;
  typeOf(reference: OwnerReference): ResourceType | undefined;
}

/** Asks the server about each owner that the graph does not show: only that is reason enough to delete. */
export async function classify(
  context: ReferenceContext,
  dependent: Node,
  references: readonly OwnerReference[],
): Promise<Classified> {
  const states: Record<ReferenceState, OwnerReference[]> = {
    dangling: [],
    solid: [],
    unknown: [],
    waiting: [],
  };
  for (const reference of references) {
    states[await stateOf(context, dependent, reference)].push(reference);
  }
  const isUnobserved = states.solid.some(({ uid }) => context.graph.get(uid) === undefined);
  return { ...states, isUnobserved };
}

async function stateOf(
  context: ReferenceContext,
  dependent: Node,
  reference: OwnerReference,
): Promise<ReferenceState> {
  const { absent, graph } = context;
  if (isSolid(graph, reference, dependent)) return 'solid';
  const namespace = dependent.namespace ?? '';
  if (absent.has(reference, '') || absent.has(reference, namespace)) return 'dangling';
  const type = context.typeOf(reference);
  // A cluster-scoped object cannot have a namespaced owner: nothing says in which namespace to look (as upstream).
  if (type === undefined || (type.namespaced && namespace === '')) return 'unknown';
  const { name } = reference;
  const owner = await context.client.find(type, type.namespaced ? { namespace, name } : { name });
  if (owner?.metadata.uid !== reference.uid) {
    absent.add(reference, type.namespaced ? namespace : '');
    return 'dangling';
  }
  return deletionOf(owner.metadata) === 'foreground' ? 'waiting' : 'solid';
}
