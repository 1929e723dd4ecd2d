import type { ObjectMeta, OwnerReference } from '../../machinery/meta.ts';
import { abridged } from '../../machinery/status-error.ts';

/** Owners that stand twice are kept once, with a warning (endpoints/handlers/rest.go dedupOwnerReferences). */
export function withoutDuplicateOwners(metadata: ObjectMeta): { metadata: ObjectMeta; warnings: string[] } {
  const { ownerReferences = [] } = metadata;
  if (ownerReferences.length < 2) return { metadata, warnings: [] };
  const seen = new Map<string, OwnerReference>();
  const duplicates = new Set<string>();
  for (const owner of ownerReferences) {
    const key = identityOf(owner);
    if (seen.has(key)) duplicates.add(owner.uid);
    else seen.set(key, owner);
  }
  if (duplicates.size === 0) return { metadata, warnings: [] };
  const shown = abridged([...duplicates].join(', '));
  const warning = `.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${shown}`;
  return { metadata: { ...metadata, ownerReferences: [...seen.values()] }, warnings: [warning] };
}

/** The whole entry: two that differ in anything are two. */
function identityOf({ apiVersion, kind, name, uid, controller, blockOwnerDeletion }: OwnerReference): string {
  return JSON.stringify([apiVersion, kind, name, uid, controller, blockOwnerDeletion]);
}
