import type { OwnerReference } from '#api/machinery/meta';

/**
 * Owners that are known not to exist where a reference says they are. A uid is never used again, so this stays
 * true; it saves asking once per dependent. Bounded: the oldest are forgotten.
 */
export interface AbsentOwners {
  add(owner: OwnerReference, namespace: string): void;
  has(owner: OwnerReference, namespace: string): boolean;
}

export function createAbsentOwners(capacity = 1000): AbsentOwners {
  const known = new Set<string>();
  return {
    add(owner, namespace) {
      known.add(keyOf(owner, namespace));
      for (const oldest of known) {
        if (known.size <= capacity) return;
        known.delete(oldest);
      }
    },
    has: (owner, namespace) => known.has(keyOf(owner, namespace)),
  };
}

function keyOf({ apiVersion, kind, name, uid }: OwnerReference, namespace: string): string {
  return JSON.stringify([apiVersion, kind, namespace, name, uid]);
}
