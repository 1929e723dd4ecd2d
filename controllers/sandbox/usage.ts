import type { Sandbox } from '#api/types/generated/sandbox';
import { addUse, NO_USE, useOfSandbox } from '#api/types/resource-quota';
import type { SandboxUse } from '#api/types/resource-quota';
import { isConversation } from '#api/types/shells/shell-types';
import type { Needs } from './binding/room.ts';

/** The place of a Sandbox that is bound, or about to be. */
export interface Hold {
  /** Of the Sandbox. */
  uid: string | undefined;
  executorName: string;
  namespace: string;
  user: string;
  talks: boolean;
  use: SandboxUse;
}

export function holdOf(sandbox: Sandbox, executorName: string): Hold {
  return {
    executorName,
    uid: sandbox.metadata.uid,
    namespace: sandbox.metadata.namespace ?? '',
    user: sandbox.spec.userName ?? '',
    talks: isConversation(sandbox.spec),
    use: useOfSandbox(sandbox),
  };
}

/** Who holds how many places, kept up with each change, so that nothing is ever counted through. */
export class Usage {
  readonly #holds = new Map<string, Hold>();
  readonly #executors = new Map<string, Needs>();
  readonly #namespaces = new Map<string, SandboxUse>();
  /** By talks and namespace, and by talks, namespace and user. */
  readonly #shares = new Map<string, number>();

  /** @param hold undefined for a Sandbox that no longer has a place */
  set(key: string, hold: Hold | undefined): void {
    const before = this.#holds.get(key);
    if (before !== undefined) this.#count(before, -1);
    if (hold !== undefined) this.#count(hold, 1);
    if (hold === undefined) this.#holds.delete(key);
    else this.#holds.set(key, hold);
  }

  get(key: string): Hold | undefined {
    return this.#holds.get(key);
  }

  onExecutor(name: string): Needs {
    return this.#executors.get(name) ?? { talking: 0, others: 0 };
  }

  inNamespace(namespace: string): SandboxUse {
    return this.#namespaces.get(namespace) ?? NO_USE;
  }

  /** How many places of that kind the namespace, or a user in it, holds. */
  share(talks: boolean, namespace: string, user?: string): number {
    return this.#shares.get(shareKey(talks, namespace, user)) ?? 0;
  }

  #count({ executorName, namespace, user, talks, use: ofOne }: Hold, by: 1 | -1): void {
    const { talking, others } = this.onExecutor(executorName);
    const needs = talks ? { talking: talking + by, others } : { talking, others: others + by };
    keep(this.#executors, executorName, needs.talking + needs.others > 0 ? needs : undefined);
    const use = addUse(this.inNamespace(namespace), ofOne, by);
    keep(this.#namespaces, namespace, use.sandboxes > 0 ? use : undefined);
    for (const key of [shareKey(talks, namespace), shareKey(talks, namespace, user)]) {
      const share = (this.#shares.get(key) ?? 0) + by;
      keep(this.#shares, key, share > 0 ? share : undefined);
    }
  }
}

/** A map holds no entries that say nothing: it does not grow with all that ever was. */
function keep<V>(map: Map<string, V>, key: string, value: V | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

function shareKey(talks: boolean, namespace: string, user?: string): string {
  return JSON.stringify(user === undefined ? [talks, namespace] : [talks, namespace, user]);
}
