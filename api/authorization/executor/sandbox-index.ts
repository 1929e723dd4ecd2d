import type { Sandbox } from '../../types/generated/sandbox.ts';
import { neededObjects, RESOURCES } from './needed-objects.ts';
import type { ObjectKey } from './needed-objects.ts';

/** Where a Sandbox is. */
export type SandboxKey = Pick<ObjectKey, 'name' | 'namespace'>;

interface Bound {
  sandbox: SandboxKey;
  executor: string;
  needed: readonly ObjectKey[];
}

/** The Sandboxes of an executor by what they need: the resource, then the object. */
type ByNeed = Map<string, Map<string, Set<Bound>>>;

/** The kinds that name Secrets in objects of their own. */
const HOLDERS = [RESOURCES.models, RESOURCES.mcpServers];

/**
 * Which Sandboxes an executor runs that need an object. A look costs as much as there are such Sandboxes, however many others
 * there are: those that ended long ago, and those of other executors.
 */
export class SandboxIndex {
  readonly #bound = new Map<string, Bound>();
  readonly #executors = new Map<string, ByNeed>();

  /** A Sandbox as it is now. */
  set(sandbox: SandboxKey, { metadata, spec, status }: Sandbox): void {
    this.remove(sandbox);
    const { executorName: executor = '' } = spec;
    if (executor === '') return;
    const bound = { sandbox, executor, needed: neededObjects({ metadata, spec, status } as Sandbox) };
    this.#bound.set(textOf(sandbox), bound);
    for (const key of bound.needed) this.#add(bound, key);
  }

  remove(sandbox: SandboxKey): void {
    const bound = this.#bound.get(textOf(sandbox));
    if (bound === undefined) return;
    this.#bound.delete(textOf(sandbox));
    for (const key of bound.needed) this.#take(bound, key);
  }

  /** The Sandboxes of the executor that need the object; those whose model or tool server names a Secret are not among them. */
  thatNeed(executor: string, { resource, ...object }: ObjectKey): readonly ObjectKey[] {
    const found = this.#executors.get(executor)?.get(resource)?.get(textOf(object)) ?? [];
    return Array.from(found, ({ sandbox }) => ({ resource: RESOURCES.sandboxes, ...sandbox }));
  }

  /** The Models and MCPServers in the namespace that Sandboxes of the executor need. */
  holdersIn(executor: string, namespace: string): readonly ObjectKey[] {
    const byResource = this.#executors.get(executor);
    const holders: ObjectKey[] = [];
    for (const resource of HOLDERS) {
      for (const text of byResource?.get(resource)?.keys() ?? []) {
        const key = keyOf(text);
        if (key.namespace === namespace) holders.push({ resource, ...key });
      }
    }
    return holders;
  }

  #add(bound: Bound, { resource, ...object }: ObjectKey): void {
    const byResource = getOrMake(this.#executors, bound.executor, () => new Map() as ByNeed);
    const byObject = getOrMake(byResource, resource, () => new Map<string, Set<Bound>>());
    getOrMake(byObject, textOf(object), () => new Set<Bound>()).add(bound);
  }

  #take(bound: Bound, { resource, ...object }: ObjectKey): void {
    const byResource = this.#executors.get(bound.executor);
    const byObject = byResource?.get(resource);
    const needing = byObject?.get(textOf(object));
    needing?.delete(bound);
    if (needing?.size === 0) byObject?.delete(textOf(object));
    if (byObject?.size === 0) byResource?.delete(resource);
    if (byResource?.size === 0) this.#executors.delete(bound.executor);
  }
}

function getOrMake<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const found = map.get(key) ?? make();
  map.set(key, found);
  return found;
}

/** Names are path segments, so no slash occurs in one. */
const textOf = ({ namespace, name }: SandboxKey): string => `${namespace}/${name}`;

function keyOf(text: string): SandboxKey {
  const [namespace = '', name = ''] = text.split('/');
  return { namespace, name };
}
